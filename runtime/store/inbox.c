/* The tables inbox_events, processed_events, inbox_commands and attempts. */
#include "store/inbox.h"

#include <stdlib.h>

#include "telemetry/metrics.h"

static struct metric duplicates = {
	.name = "comanda_duplicates_total",
	.help = "Messages that the inbox had processed before; events of idempotent aggregates are not counted",
	.type = COUNTER,
	.label = "consumer"};

/* ---- the items by id ---- */

static int compare_items(const void *a, const void *b)
{
	const struct item *const *left = a, *const *right = b;
	const int order = uuid_compare(&(*left)->query.message.id, &(*right)->query.message.id);

	return order != 0 ? order
			  : (*left > *right) - (*left < *right); /* items lie in the order of their deliveries */
}

void dedup_init(struct dedup *dedup, struct txn *txn, struct item **items, size_t count)
{
	struct item **sorted = arena_new(&txn->arena, count + 1, sizeof(struct item *));
	size_t found = 0, kept = 0;

	for (size_t i = 0; i < count; i++) /* a message that is retried later is not processed yet */
		if (status_rule(items[i]->query.status)->settle != SETTLE_RETRY_LATER)
			sorted[found++] = items[i];
	qsort(sorted, found, sizeof(*sorted), compare_items);
	for (size_t i = 0; i < found; i++) {
		if (kept > 0 && uuid_equal(&sorted[kept - 1]->query.message.id, &sorted[i]->query.message.id))
			sorted[i]->duplicate_of = sorted[kept - 1];
		else
			sorted[kept++] = sorted[i];
	}
	*dedup = (struct dedup){.txn = txn, .items = sorted, .count = kept};
}

static struct item *find_item(const struct dedup *dedup, const struct uuid *id)
{
	size_t low = 0, high = dedup->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = uuid_compare(&dedup->items[middle]->query.message.id, id);

		if (order == 0)
			return dedup->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

typedef bool item_test(const struct dedup *dedup, const struct item *item);

static size_t count_of(const struct dedup *dedup, item_test *fits)
{
	size_t count = 0;

	for (size_t i = 0; i < dedup->count; i++)
		count += fits(dedup, dedup->items[i]);
	return count;
}

static void arg_ids(struct args *args, const struct dedup *dedup, item_test *fits)
{
	struct uuid *ids = arena_new(&dedup->txn->arena, dedup->count + 1, sizeof(*ids));
	size_t count = 0;

	for (size_t i = 0; i < dedup->count; i++)
		if (fits(dedup, dedup->items[i]))
			ids[count++] = dedup->items[i]->query.message.id;
	arg_uuids(args, ids, count);
}

/* ---- events ---- */

#define INSERT_EVENTS "INSERT INTO inbox_events (id, received_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])"

/* Duplicates are rare, and a look for one before each insert costs as much as the insert. So the first try inserts all
 * ids as new. On a unique violation the transaction is run again and asks which are new. Either way the first of two
 * transactions inserts the id, and the second waits for its end. */
static const struct sql insert_new = {"inbox_insert_new", INSERT_EVENTS};
static const struct sql insert_missing = {"inbox_insert_missing",
					  INSERT_EVENTS " ON CONFLICT (id) DO NOTHING RETURNING id"};

/* Events of idempotent handlers: one row per batch, without an index on ids. */
static const struct sql insert_processed = {"inbox_insert_processed",
					    "INSERT INTO processed_events (received_at, ids) VALUES ($1, $2::uuid[])"};

/* By the status as it was fetched: no aggregate has seen a message that could not be read, or that was forged. */
bool inbox_skips(const struct dedup *dedup, const struct item *item)
{
	return dedup->optimistic && item->handler != NULL && item->handler->idempotent && item->fetched == OK;
}

/* What the insert returns is new. */
static enum status on_inserted(void *context, const struct rows *rows)
{
	const struct dedup *dedup = context;

	for (size_t i = 0; i < dedup->count; i++)
		dedup->items[i]->duplicate = dedup->items[i]->done = true;
	for (int i = 0; i < rows->count; i++) {
		const struct uuid id = row_uuid(rows, i, 0);
		struct item *item = find_item(dedup, &id);

		item->duplicate = item->done = false;
	}
	metric_add(&duplicates, dedup->txn->name, (int64_t)dedup->count - rows->count);
	return OK;
}

static void insert_ids(struct dedup *dedup, int64_t now_us)
{
	struct args *args = db_args(dedup->txn->db);

	args_columns(args, 2);
	for (size_t i = 0; i < dedup->count; i++) {
		if (inbox_skips(dedup, dedup->items[i]))
			continue;
		put_uuid(args, &dedup->items[i]->query.message.id);
		put_timestamp(args, now_us);
	}
	if (dedup->optimistic)
		db_send(dedup->txn->db, &insert_new, NULL, NULL);
	else
		db_send(dedup->txn->db, &insert_missing, on_inserted, dedup);
}

static void check_events(struct dedup *dedup, int64_t now_us)
{
	struct args *args = db_args(dedup->txn->db);
	const size_t skipped = count_of(dedup, inbox_skips);

	if (skipped < dedup->count)
		insert_ids(dedup, now_us);
	if (skipped == 0)
		return;
	arg_timestamp(args, now_us);
	arg_ids(args, dedup, inbox_skips);
	db_send(dedup->txn->db, &insert_processed, NULL, NULL);
}

/* ---- requests ---- */

/* Asked at the beginning of a transaction for all requests, at its end for those whose answer is not recorded. */
static const struct sql find_recorded = {
	"inbox_find_recorded",
	"SELECT id, request_hash, answer FROM inbox_commands WHERE id = ANY($1::uuid[])",
};

/* In order of the ids, so that two transactions cannot wait for each other. */
static const struct sql insert_answers = {
	"inbox_insert_answers",
	"INSERT INTO inbox_commands (id, received_at, request_hash, answer)"
	" SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[])",
};

static bool is_new(const struct dedup *dedup, const struct item *item)
{
	(void)dedup;
	return !item->duplicate;
}

/* Not recorded are failures for reasons outside of the request, and answers with a secret, which is stored nowhere.
 * Such a request may be asked again under the same id and is then decided anew. */
static bool can_record(const struct item *item)
{
	const int http = status_rule(item->query.status)->http;

	return !item->secret && (item->query.status == OK || (http >= 400 && http < 500 && http != 401));
}

static bool is_recorded(const struct dedup *dedup, const struct item *item)
{
	return is_new(dedup, item) && can_record(item);
}

/* Gets no inbox row, so an earlier answer cannot be found by a collision. */
static bool is_unrecorded(const struct dedup *dedup, const struct item *item)
{
	return is_new(dedup, item) && !can_record(item);
}

/* The recorded answer. If the id came with another request then, a refusal. */
static void give_recorded(struct arena *arena, struct item *item, const struct rows *rows, int row)
{
	const struct uuid hash = row_uuid(rows, row, 1);
	const struct span answer = row_bytes(rows, row, 2);

	item->duplicate = item->done = true;
	if (uuid_equal(&hash, &item->request_hash)) {
		item->answer =
			(struct span){.bytes = arena_copy(arena, answer.bytes, answer.size), .size = answer.size};
		return;
	}
	const struct refusal refusal = {.status = E_KEY_REUSED,
					.code = "idempotency_key_reused",
					.detail = "this idempotency key was used before, for another request"};
	item_answer(arena, item, &(struct rpc_answer){.status = E_KEY_REUSED, .refusal = &refusal});
}

static enum status on_recorded(void *context, const struct rows *rows)
{
	const struct dedup *dedup = context;

	for (int i = 0; i < rows->count; i++) {
		const struct uuid id = row_uuid(rows, i, 0);

		give_recorded(&dedup->txn->arena, find_item(dedup, &id), rows, i);
	}
	metric_add(&duplicates, dedup->txn->name, rows->count);
	return OK;
}

static enum status on_answered_before(void *context, const struct rows *rows)
{
	(void)context;
	return rows->count > 0 ? E_RETRY : OK;
}

static void find(struct dedup *dedup, item_test *fits, rows_function *on_rows)
{
	arg_ids(db_args(dedup->txn->db), dedup, fits);
	db_send(dedup->txn->db, &find_recorded, on_rows, dedup);
}

void inbox_check(struct dedup *dedup, int64_t now_us)
{
	if (!dedup->requests)
		check_events(dedup, now_us);
	else if (dedup->check_first)
		find(dedup, is_new, on_recorded);
}

/* A unique violation is E_RETRY. */
static void insert_recorded(struct dedup *dedup, int64_t now_us)
{
	struct args *args = db_args(dedup->txn->db);

	args_columns(args, 4);
	for (size_t i = 0; i < dedup->count; i++) {
		const struct item *item = dedup->items[i];

		if (!is_recorded(dedup, item))
			continue;
		put_uuid(args, &item->query.message.id);
		put_timestamp(args, now_us);
		put_uuid(args, &item->request_hash);
		put_text(args, item->answer.bytes);
	}
	db_send(dedup->txn->db, &insert_answers, NULL, NULL);
}

void inbox_record(struct dedup *dedup, int64_t now_us)
{
	if (!dedup->requests)
		return;
	if (count_of(dedup, is_recorded) > 0)
		insert_recorded(dedup, now_us);
	if (count_of(dedup, is_unrecorded) > 0)
		find(dedup, is_unrecorded, on_answered_before);
}

/* ---- attempts ---- */

static const struct sql count_attempt = {
	"inbox_attempt",
	"INSERT INTO attempts AS known (id, attempts, first_at) VALUES ($1, 1, $2)"
	" ON CONFLICT (id) DO UPDATE SET attempts = known.attempts + 1 RETURNING attempts, first_at",
};

enum status inbox_attempt(struct txn *txn, struct item *item)
{
	struct args *args = db_args(txn->db);
	struct rows rows;

	arg_uuid(args, &item->query.message.id);
	arg_timestamp(args, timestamp_now());
	const enum status status = db_run(txn->db, &count_attempt, &rows);
	if (status == OK) {
		item->attempts = row_int(&rows, 0, 0);
		item->first_us = row_timestamp(&rows, 0, 1);
	}
	return status;
}
