/* The table outbox, and the batches that carry its rows to the relay. */
#include "store/outbox.h"

#include <string.h>

enum { PARK_AT = 5, LEASES_MAX = 1000 };

struct outbox_batch *outbox_batch_new(void)
{
	struct outbox_batch *batch = mem_new(1, sizeof(*batch));

	arena_init(&batch->arena);
	return batch;
}

void outbox_batch_free(struct outbox_batch *batch)
{
	if (batch == NULL)
		return;
	arena_done(&batch->arena);
	free(batch->rows);
	free(batch);
}

struct outbox_row *outbox_batch_add(struct outbox_batch *batch, const struct outbox_row *row)
{
	if (batch->count == batch->room) {
		batch->room = batch->room == 0 ? 16 : batch->room * 2;
		batch->rows = mem_grow(batch->rows, batch->room * sizeof(*batch->rows));
	}
	struct outbox_row *added = &batch->rows[batch->count++];
	*added = *row;
	added->exchange = arena_text(&batch->arena, row->exchange);
	added->routing_key = arena_text(&batch->arena, row->routing_key);
	added->type = arena_text(&batch->arena, row->type);
	added->headers = arena_text(&batch->arena, row->headers);
	added->body.bytes = arena_copy(&batch->arena, row->body.bytes, row->body.size);
	if (row->publish_span_count > 0)
		added->publish_spans = (const void *)arena_copy(&batch->arena, (const void *)row->publish_spans,
								row->publish_span_count * sizeof(*row->publish_spans));
	return added;
}

#define INSERT                                                                                                         \
	"INSERT INTO outbox (id, exchange, routing_key, type, subject, headers, body, events, created_at, due_at)"     \
	" SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::bytea[],"   \
	"  $8::bigint[], $9::timestamptz[], $10::timestamptz[])"

static const struct sql insert_new = {"outbox_insert_new", INSERT};
/* The same event decided twice has the same id, and needs to be sent once. */
static const struct sql insert_missing = {"outbox_insert", INSERT " ON CONFLICT (id) DO NOTHING"};

void outbox_insert(struct db *db, const struct outbox_batch *batch, bool optimistic)
{
	struct args *args = db_args(db);

	if (batch->count == 0)
		return;
	args_columns(args, 10);
	for (size_t i = 0; i < batch->count; i++) {
		const struct outbox_row *row = &batch->rows[i];

		put_uuid(args, &row->id);
		put_text(args, row->exchange);
		put_text(args, row->routing_key);
		put_text(args, row->type);
		put_uuid(args, &row->subject);
		put_text(args, row->headers);
		put_bytes(args, row->body.bytes, row->body.size);
		put_int(args, row->events > 1 ? row->events : 1);
		put_timestamp(args, row->created_us);
		put_timestamp(args, row->due_us);
	}
	db_send(db, optimistic ? &insert_new : &insert_missing, NULL, NULL);
}

/* No lock and no snapshot is held while the relay waits for the broker: the lease is the new due_at of the row. */
static const struct sql lease_rows = {
	"outbox_lease",
	"UPDATE outbox SET due_at = $2 WHERE id IN"
	" (SELECT id FROM outbox WHERE due_at <= $1 AND NOT parked ORDER BY due_at LIMIT $3 FOR NO KEY UPDATE SKIP "
	"LOCKED)"
	" RETURNING id, exchange, routing_key, type, subject, headers, body, created_at, attempts, events",
};

enum status outbox_lease(struct db *db, int64_t now_us, int64_t lease_us, struct outbox_batch *batch)
{
	struct args *args = db_args(db);
	struct rows rows;

	arg_timestamp(args, now_us);
	arg_timestamp(args, now_us + lease_us);
	arg_int(args, LEASES_MAX);
	const enum status status = db_run(db, &lease_rows, &rows);
	if (status != OK)
		return status;
	for (int i = 0; i < rows.count; i++) {
		const struct outbox_row row = {
			.id = row_uuid(&rows, i, 0),
			.exchange = row_text(&rows, i, 1, &batch->arena),
			.routing_key = row_text(&rows, i, 2, &batch->arena),
			.type = row_text(&rows, i, 3, &batch->arena),
			.subject = row_uuid(&rows, i, 4),
			.headers = row_text(&rows, i, 5, &batch->arena),
			.body = row_bytes(&rows, i, 6),
			.created_us = row_timestamp(&rows, i, 7),
			.attempts = row_int(&rows, i, 8),
			.events = row_int(&rows, i, 9),
		};
		outbox_batch_add(batch, &row);
	}
	return OK;
}

static const struct sql delete_rows = {"outbox_delete", "DELETE FROM outbox WHERE id = ANY($1::uuid[])"};

enum status outbox_delete(struct db *db, const struct uuid *ids, size_t count)
{
	struct rows rows;

	arg_uuids(db_args(db), ids, count);
	return db_run(db, &delete_rows, &rows);
}

static const struct sql quarantine_rows = {
	"outbox_quarantine",
	"UPDATE outbox SET attempts = attempts + 1, parked = attempts + 1 >= $2, due_at = $3 WHERE id = ANY($1::uuid[])"
	" RETURNING parked",
};

enum status outbox_quarantine(struct db *db, const struct uuid *ids, size_t count, int64_t *ret_parked)
{
	struct args *args = db_args(db);
	struct rows rows;

	arg_uuids(args, ids, count);
	arg_int(args, PARK_AT);
	arg_timestamp(args, timestamp_now());
	const enum status status = db_run(db, &quarantine_rows, &rows);
	if (status != OK)
		return status;
	*ret_parked = 0;
	for (int i = 0; i < rows.count; i++)
		*ret_parked += row_bool(&rows, i, 0);
	return OK;
}

static const struct sql measure = {
	"outbox_measure",
	"SELECT count(*) FILTER (WHERE NOT parked), count(*) FILTER (WHERE parked),"
	" min(created_at) FILTER (WHERE NOT parked AND exchange = 'events') FROM outbox",
};

enum status outbox_measure(struct db *db, int64_t now_us, struct outbox_state *ret_state)
{
	struct rows rows;

	const enum status status = db_run(db, &measure, &rows);
	if (status != OK)
		return status;
	const int64_t oldest = row_timestamp(&rows, 0, 2);
	ret_state->waiting = row_int(&rows, 0, 0);
	ret_state->parked = row_int(&rows, 0, 1);
	ret_state->oldest_us = oldest == INT64_MIN ? 0 : now_us - oldest;
	return OK;
}
