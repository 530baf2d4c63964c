/* The tables deadlines and deadline_batches. */
#include "store/deadlines.h"

#include <assert.h>
#include <string.h>

#define INSERT                                                                                                         \
	"INSERT INTO deadlines (subject, type, due_at)"                                                                \
	" SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[])"

/* Without ON CONFLICT, which costs as much as the insert (comanda/store.h). */
static const struct sql insert_new = {"deadlines_insert_new", INSERT};
static const struct sql insert_or_update = {
	"deadlines_insert_or_update",
	INSERT " ON CONFLICT (subject, type) DO UPDATE SET due_at = EXCLUDED.due_at, attempts = 0",
};

static const struct sql insert_batch = {
	"deadlines_insert_batch",
	"INSERT INTO deadline_batches (type, due_at, subjects, dues) VALUES ($1, $2, $3, $4)",
};

static const struct sql delete_rows = {
	"deadlines_delete",
	"DELETE FROM deadlines WHERE subject = ANY($1::uuid[]) AND type = $2",
};

/* ---- saving ---- */

enum change {
	SET_ROW,   /* insert into deadlines */
	SET_BATCH, /* insert into deadline_batches */
	CLEAR
};

struct saving {
	struct txn *txn;
	bool optimistic;
	const struct deadline *all; /* sorted by subject, as the unit gives them */
	enum change *changes;       /* of each */
	size_t count;
	struct deadline *picked; /* room for all */
};

/* Only one batch creates an aggregate, so a subject is in at most one row of deadline_batches. A deadline of an older
 * aggregate goes to deadlines at once. Promotion does not change that row. */
static enum change change_of(const struct saving *saving, struct unit *unit, const struct deadline *deadline)
{
	const struct deadline_source *source = saving->txn->service->deadline_sources;

	if (deadline->due_us == INT64_MIN)
		return CLEAR;
	while (source != NULL && source->kind != NULL && source->type != deadline->type)
		source++;
	if (!saving->optimistic || source == NULL || source->kind == NULL)
		return SET_ROW;
	return unit_made(unit, source->kind, &deadline->subject) ? SET_BATCH : SET_ROW;
}

/* Picks the deadlines with this change. SET_ROW: of all types; otherwise of this type. */
static size_t pick(const struct saving *saving, enum change change, int type)
{
	size_t count = 0;

	for (size_t i = 0; i < saving->count; i++)
		if (saving->changes[i] == change && (change == SET_ROW || saving->all[i].type == type))
			saving->picked[count++] = saving->all[i];
	return count;
}

static void set_rows(const struct saving *saving)
{
	struct args *args = db_args(saving->txn->db);
	const size_t count = pick(saving, SET_ROW, 0);

	if (count == 0)
		return;
	args_columns(args, 3);
	for (size_t i = 0; i < count; i++) {
		put_uuid(args, &saving->picked[i].subject);
		put_text(args, txn_type(saving->txn, saving->picked[i].type)->name);
		put_timestamp(args, saving->picked[i].due_us);
	}
	db_send(saving->txn->db, saving->optimistic ? &insert_new : &insert_or_update, NULL, NULL);
}

static void set_batch(const struct saving *saving, int type)
{
	struct args *args = db_args(saving->txn->db);
	const size_t count = pick(saving, SET_BATCH, type);

	if (count == 0)
		return;
	int64_t first_us = saving->picked[0].due_us;
	for (size_t i = 1; i < count; i++)
		first_us = saving->picked[i].due_us < first_us ? saving->picked[i].due_us : first_us;
	arg_text(args, txn_type(saving->txn, type)->name);
	arg_timestamp(args, first_us);
	args_columns(args, 2);
	for (size_t i = 0; i < count; i++) {
		put_uuid(args, &saving->picked[i].subject);
		put_timestamp(args, saving->picked[i].due_us);
	}
	db_send(saving->txn->db, &insert_batch, NULL, NULL);
}

static void clear(const struct saving *saving, int type)
{
	struct args *args = db_args(saving->txn->db);
	const size_t count = pick(saving, CLEAR, type);

	if (count == 0)
		return;
	struct uuid *ids = arena_new(&saving->txn->arena, count, sizeof(*ids));
	for (size_t i = 0; i < count; i++)
		ids[i] = saving->picked[i].subject;
	arg_uuids(args, ids, count);
	arg_text(args, txn_type(saving->txn, type)->name);
	db_send(saving->txn->db, &delete_rows, NULL, NULL);
}

void deadlines_save(struct txn *txn, struct unit *unit, bool optimistic)
{
	struct saving saving = {.txn = txn, .optimistic = optimistic};
	const struct contract *contract = txn->service->contract;

	saving.count = unit_deadlines(unit, &saving.all);
	if (saving.count == 0)
		return;
	saving.changes = arena_new(&txn->arena, saving.count, sizeof(*saving.changes));
	saving.picked = arena_new(&txn->arena, saving.count, sizeof(*saving.picked));
	for (size_t i = 0; i < saving.count; i++)
		saving.changes[i] = change_of(&saving, unit, &saving.all[i]);
	set_rows(&saving);
	for (int type = 0; type < contract->count; type++) {
		if (contract->types[type].kind != TIMER)
			continue;
		set_batch(&saving, type);
		clear(&saving, type);
	}
}

/* ---- due ---- */

/* Pauses of 2, 4, 8, ... seconds, at most 5 minutes. */
static const struct sql rearm_due = {
	"deadlines_due",
	"UPDATE deadlines SET attempts = attempts + 1,"
	"  due_at = $1 + least(interval '2 seconds' * power(2, least(attempts, 10)), interval '5 minutes')"
	" WHERE (subject, type) IN (SELECT subject, type FROM deadlines WHERE due_at <= $1"
	"  ORDER BY due_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED)"
	" RETURNING subject, type, attempts",
};

/* The data of a timer is one field, the id of its subject. */
static void *timer_data(const struct message_type *type, const struct uuid *subject, struct arena *arena)
{
	const struct field *field = &type->schema->fields[0];
	char *data = arena_new(arena, 1, type->schema->size);

	assert(field->type == F_UUID && field[1].name == NULL);
	memcpy(data + field->offset, subject, sizeof(*subject));
	return data;
}

static void add_timer(struct outbox_batch *batch, const struct message_type *type, const struct outbox_row *address,
		      int64_t attempts)
{
	struct outbox_row row = *address;
	struct buffer body;

	row.id = uuid_derive(type->name, &row.subject, (unsigned)attempts, row.created_us);
	buffer_init(&body);
	cloudevent_write(&body, &(struct cloudevent){
					.id = row.id,
					.type = type,
					.source = type->producer,
					.subject = row.subject,
					.sequence = attempts,
					.time_us = row.created_us,
					.body = timer_data(type, &row.subject, &batch->arena),
				});
	row.body = (struct span){.bytes = body.bytes, .size = body.size};
	outbox_batch_add(batch, &row);
	buffer_done(&body);
}

enum status deadlines_due(struct db *db, const struct contract *contract, const char *queue, struct outbox_batch *batch)
{
	const int64_t now = timestamp_now();
	struct rows rows;

	arg_timestamp(db_args(db), now);
	const enum status status = db_run(db, &rearm_due, &rows);
	if (status != OK)
		return status;
	for (int i = 0; i < rows.count; i++) {
		const char *name = row_text(&rows, i, 1, &batch->arena);
		const int type = contract_find(contract, name, 0);
		const struct outbox_row address = {
			.subject = row_uuid(&rows, i, 0),
			.exchange = "",
			.routing_key = queue,
			.type = name,
			.created_us = now,
		};

		if (type >= 0) /* otherwise only a newer build knows the type, and sends it */
			add_timer(batch, &contract->types[type], &address, row_int(&rows, i, 2));
	}
	return OK;
}

/* `id > 0` makes PostgreSQL use the index. A sequential scan would read the many pages of deleted rows. */
static const struct sql count_pending = {
	"deadlines_count",
	"SELECT (SELECT count(*) FROM (SELECT 1 FROM deadlines LIMIT $1) AS counted)"
	" + (SELECT coalesce(sum(cardinality(subjects)), 0) FROM deadline_batches WHERE id > 0)",
};

enum status deadlines_count(struct db *db, int64_t most, int64_t *ret_count)
{
	struct rows rows;

	arg_int(db_args(db), most);
	const enum status status = db_run(db, &count_pending, &rows);
	if (status == OK)
		*ret_count = row_int(&rows, 0, 0);
	return status;
}
