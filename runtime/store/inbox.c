/* The inbox tables. */
#include "store/inbox.h"

#include <stdlib.h>

#include "telemetry/metrics.h"

static struct metric duplicates = {
	.name = "comanda_duplicates_total",
	.help = "Messages that the inbox had processed before; events of idempotent aggregates are not counted",
	.type = COUNTER,
	.label = "consumer"};

static int compare_items(const void *a, const void *b)
{
	const struct item *const *left = a, *const *right = b;
	const int order = uuid_compare(&(*left)->query.message.id, &(*right)->query.message.id);

	return order != 0 ? order : (*left > *right) - (*left < *right); /* the items lie in order of held_delivery */
}

void dedup_sort(struct consumer *consumer, struct item **items, size_t count, struct dedup *ret_claim)
{
	struct item **sorted = arena_new(&consumer->txn.arena, count + 1, sizeof(struct item *));
	size_t kept = 0;

	size_t claimed = 0;
	for (size_t i = 0; i < count; i++)
		if (status_rule(items[i]->query.status)->settle !=
		    SETTLE_RETRY_LATER) /* what comes back is not handled yet */
			sorted[claimed++] = items[i];
	qsort(sorted, claimed, sizeof(*sorted), compare_items);
	for (size_t i = 0; i < claimed; i++) {
		if (kept > 0 && uuid_equal(&sorted[kept - 1]->query.message.id, &sorted[i]->query.message.id))
			sorted[i]->duplicate_of = sorted[kept - 1];
		else
			sorted[kept++] = sorted[i];
	}
	*ret_claim = (struct dedup){.items = sorted, .count = kept};
}

static struct item *find_item(const struct dedup *claim, const struct uuid *id)
{
	size_t low = 0, high = claim->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = uuid_compare(&claim->items[middle]->query.message.id, id);

		if (order == 0)
			return claim->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

#define INSERT_EVENTS "INSERT INTO inbox_events (id, received_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])"

/* Duplicates are rare, and to look for one before each insert costs as much as the insert. So at first all are inserted
 * as new; should one be there, or be about to be, the turn is run again and asks which. Either way the first of two
 * turns claims the id, and the second waits for its end. */
static const struct sql claim_new = {"inbox_claim_new", INSERT_EVENTS};
static const struct sql claim_missing = {"inbox_claim_events",
					 INSERT_EVENTS " ON CONFLICT (id) DO NOTHING RETURNING id"};

/* What is left to the aggregates: a row a turn, without an index on ids. */
static const struct sql hear = {"inbox_hear",
				"INSERT INTO processed_events (received_at, ids) VALUES ($1, $2::uuid[])"};

/* At the beginning of a turn, of what is not to be decided again; at its end, of what will not be recorded. */
static const struct sql recorded = {
	"inbox_recorded",
	"SELECT id, request_hash, answer FROM inbox_commands WHERE id = ANY($1::uuid[])",
};

static bool takes_commands(const struct consumer *consumer)
{
	return consumer->config->kind == CONSUMER_COMMAND;
}

typedef bool item_test(const struct item *item);

static size_t count_of(const struct dedup *claim, item_test *fits)
{
	size_t count = 0;

	for (size_t i = 0; i < claim->count; i++)
		count += fits(claim->items[i]);
	return count;
}

static bool is_new(const struct item *item)
{
	return !item->duplicate;
}

static void send_recorded(struct consumer *consumer, const struct dedup *claim, item_test *fits)
{
	struct uuid *ids = arena_new(&consumer->txn.arena, claim->count + 1, sizeof(*ids));
	size_t count = 0;

	for (size_t i = 0; i < claim->count; i++)
		if (fits(claim->items[i]))
			ids[count++] = claim->items[i]->query.message.id;
	arg_uuids(db_args(consumer->txn.db), ids, count);
	db_send(consumer->txn.db, &recorded);
}

/* As it was fetched: what could not be read, or was forged, is no event that an aggregate has heard. */
bool inbox_skips(const struct dedup *claim, const struct item *item)
{
	return claim->optimistic && item->handler != NULL && item->handler->idempotent && item->fetched == OK;
}

static size_t count_left(const struct dedup *claim)
{
	size_t left = 0;

	for (size_t i = 0; i < claim->count; i++)
		left += inbox_skips(claim, claim->items[i]);
	return left;
}

static void send_claims(struct consumer *consumer, const struct dedup *claim, int64_t now_us)
{
	struct args *args = db_args(consumer->txn.db);

	args_columns(args, 2);
	for (size_t i = 0; i < claim->count; i++) {
		if (inbox_skips(claim, claim->items[i]))
			continue;
		put_uuid(args, &claim->items[i]->query.message.id);
		put_timestamp(args, now_us);
	}
	db_send(consumer->txn.db, claim->optimistic ? &claim_new : &claim_missing);
}

static void send_heard(struct consumer *consumer, const struct dedup *claim, int64_t now_us)
{
	struct uuid *ids = arena_new(&consumer->txn.arena, claim->count + 1, sizeof(*ids));
	struct args *args = db_args(consumer->txn.db);
	size_t count = 0;

	for (size_t i = 0; i < claim->count; i++)
		if (inbox_skips(claim, claim->items[i]))
			ids[count++] = claim->items[i]->query.message.id;
	arg_timestamp(args, now_us);
	arg_uuids(args, ids, count);
	db_send(consumer->txn.db, &hear);
}

static void send_events(struct consumer *consumer, const struct dedup *claim, int64_t now_us)
{
	const size_t left = count_left(claim);

	if (left < claim->count)
		send_claims(consumer, claim, now_us);
	if (left > 0)
		send_heard(consumer, claim, now_us);
}

void inbox_dedup_send(struct consumer *consumer, const struct dedup *claim, int64_t now_us)
{
	if (!takes_commands(consumer))
		send_events(consumer, claim, now_us);
	else if (claim->asks)
		send_recorded(consumer, claim, is_new);
}

/* A request that was answered before: the same answer, or, where the key came with another request, a refusal. */
static void give_recorded(struct consumer *consumer, struct item *item, const struct rows *rows, int row)
{
	const struct uuid hash = row_uuid(rows, row, 1);
	const struct span answer = row_bytes(rows, row, 2);

	item->done = true;
	if (uuid_equal(&hash, &item->request_hash)) {
		item->answer = (struct span){arena_copy(&consumer->txn.arena, answer.bytes, answer.size), answer.size};
		return;
	}
	const struct refusal refusal = {E_KEY_REUSED, "idempotency_key_reused",
					"this idempotency key was used before, for another request", NULL};
	item_answer(consumer, item, &(struct rpc_answer){.status = E_KEY_REUSED, .refusal = &refusal});
}

/* What is recorded was decided before. */
static enum status read_recorded(struct consumer *consumer, const struct dedup *claim)
{
	struct rows rows;

	if (!claim->asks)
		return OK;
	const enum status status = db_result(consumer->txn.db, &rows);
	if (status != OK)
		return status;
	for (int i = 0; i < rows.count; i++) {
		const struct uuid id = row_uuid(&rows, i, 0);
		struct item *item = find_item(claim, &id);

		item->duplicate = true;
		give_recorded(consumer, item, &rows, i);
	}
	metric_add(&duplicates, consumer->config->name, rows.count);
	return OK;
}

static enum status read_claims(struct consumer *consumer, const struct dedup *claim)
{
	struct rows rows;

	const enum status status = db_result(consumer->txn.db, &rows);
	if (status != OK || claim->optimistic)
		return status;
	for (size_t i = 0; i < claim->count; i++)
		claim->items[i]->duplicate = claim->items[i]->done = true;
	for (int i = 0; i < rows.count; i++) {
		const struct uuid id = row_uuid(&rows, i, 0);
		struct item *item = find_item(claim, &id);

		item->duplicate = item->done = false;
	}
	metric_add(&duplicates, consumer->config->name, (int64_t)claim->count - rows.count);
	return OK;
}

static enum status read_events(struct consumer *consumer, const struct dedup *claim)
{
	const size_t left = count_left(claim);
	enum status status = OK;
	struct rows rows;

	if (left < claim->count)
		status = read_claims(consumer, claim);
	if (left > 0 && status == OK)
		status = db_result(consumer->txn.db, &rows);
	return status;
}

enum status inbox_dedup_read(struct consumer *consumer, const struct dedup *claim)
{
	return takes_commands(consumer) ? read_recorded(consumer, claim) : read_events(consumer, claim);
}

/* In order of the ids, so that two turns cannot wait for each other. */
static const struct sql record = {
	"inbox_record",
	"INSERT INTO inbox_commands (id, received_at, request_hash, answer)"
	" SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[])",
};

/* What may be asked again under the same id, and decided anew: what failed for reasons outside of the request, and what
 * was answered with a secret, which is stored nowhere. */
static bool memorable(const struct item *item)
{
	const int http = status_rule(item->query.status)->http;

	return !item->secret && (item->query.status == OK || (http >= 400 && http < 500 && http != 401));
}

static bool is_recorded(const struct item *item)
{
	return is_new(item) && memorable(item);
}

/* Its answer gets no row that could collide with an earlier one. */
static bool is_asked(const struct item *item)
{
	return is_new(item) && !memorable(item);
}

static void send_record(struct consumer *consumer, const struct dedup *claim, int64_t now_us)
{
	struct args *args = db_args(consumer->txn.db);

	args_columns(args, 4);
	for (size_t i = 0; i < claim->count; i++) {
		const struct item *item = claim->items[i];

		if (!is_recorded(item))
			continue;
		put_uuid(args, &item->query.message.id);
		put_timestamp(args, now_us);
		put_uuid(args, &item->request_hash);
		put_text(args, item->answer.bytes);
	}
	db_send(consumer->txn.db, &record);
}

void inbox_record_send(struct consumer *consumer, const struct dedup *claim, int64_t now_us)
{
	if (!takes_commands(consumer))
		return;
	if (count_of(claim, is_recorded) > 0)
		send_record(consumer, claim, now_us);
	if (count_of(claim, is_asked) > 0)
		send_recorded(consumer, claim, is_asked);
}

enum status inbox_record_read(struct consumer *consumer, const struct dedup *claim)
{
	enum status status = OK;
	struct rows rows;

	if (!takes_commands(consumer))
		return OK;
	if (count_of(claim, is_recorded) > 0)
		status = db_result(consumer->txn.db, &rows); /* a unique violation is E_RETRY */
	if (status != OK || count_of(claim, is_asked) == 0)
		return status;
	status = db_result(consumer->txn.db, &rows);
	return status == OK && rows.count > 0 ? E_RETRY : status;
}

static const struct sql attempt = {
	"inbox_attempt",
	"INSERT INTO attempts AS known (id, attempts, first_at) VALUES ($1, 1, $2)"
	" ON CONFLICT (id) DO UPDATE SET attempts = known.attempts + 1 RETURNING attempts, first_at",
};

enum status inbox_attempt(struct consumer *consumer, struct item *item)
{
	struct args *args = db_args(consumer->txn.db);
	struct rows rows;

	arg_uuid(args, &item->query.message.id);
	arg_timestamp(args, timestamp_now());
	const enum status status = db_run(consumer->txn.db, &attempt, &rows);
	if (status == OK) {
		item->attempts = row_int(&rows, 0, 0);
		item->first_us = row_timestamp(&rows, 0, 1);
	}
	return status;
}
