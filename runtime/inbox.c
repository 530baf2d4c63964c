/* The inbox tables. */
#include "inbox.h"

#include <stdlib.h>

#include "metrics.h"

static struct metric duplicates = {.name = "comanda_duplicates_total",
				   .help = "Messages that had been handled before",
				   .type = COUNTER,
				   .label = "lane"};

static int compare_items(const void *a, const void *b)
{
	const struct item *const *left = a, *const *right = b;
	const int order = uuid_compare(&(*left)->query.message.id, &(*right)->query.message.id);

	return order != 0 ? order : (*left > *right) - (*left < *right); /* the items lie in order of arrival */
}

void claim_sort(struct lane *lane, struct item **items, size_t count, struct claim *ret_claim)
{
	struct item **sorted = arena_new(&lane->arena, count + 1, sizeof(struct item *));
	size_t kept = 0;

	size_t claimed = 0;
	for (size_t i = 0; i < count; i++)
		if (status_rule(items[i]->query.status)->settle !=
		    SETTLE_LATER) /* what comes back is not handled yet */
			sorted[claimed++] = items[i];
	qsort(sorted, claimed, sizeof(*sorted), compare_items);
	for (size_t i = 0; i < claimed; i++) {
		if (kept > 0 && uuid_equal(&sorted[kept - 1]->query.message.id, &sorted[i]->query.message.id))
			sorted[i]->twin = sorted[kept - 1];
		else
			sorted[kept++] = sorted[i];
	}
	*ret_claim = (struct claim){sorted, kept};
}

static struct item *find_item(const struct claim *claim, const struct uuid *id)
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

static const struct sql claim_events = {
	"inbox_claim_events",
	"INSERT INTO inbox_events (id, received_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])"
	" ON CONFLICT (id) DO NOTHING RETURNING id",
};

static const struct sql claim_commands = {
	"inbox_claim_commands",
	"INSERT INTO inbox_commands (id, received_at, request_hash)"
	" SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[])"
	" ON CONFLICT (id) DO NOTHING RETURNING id",
};

/* A statement of its own, so that it sees what the claim has waited for. */
static const struct sql recorded = {
	"inbox_recorded",
	"SELECT id, request_hash, answer FROM inbox_commands WHERE id = ANY($1::uuid[]) AND answer IS NOT NULL",
};

static bool takes_commands(const struct lane *lane)
{
	return lane->plan->kind == LANE_COMMAND;
}

static void send_recorded(struct lane *lane, const struct claim *claim)
{
	struct uuid *ids = arena_new(&lane->arena, claim->count, sizeof(*ids));

	for (size_t i = 0; i < claim->count; i++)
		ids[i] = claim->items[i]->query.message.id;
	arg_uuids(db_args(lane->db), ids, claim->count);
	db_send(lane->db, &recorded);
}

void inbox_claim_send(struct lane *lane, const struct claim *claim, int64_t now_us)
{
	struct args *args = db_args(lane->db);

	args_columns(args, takes_commands(lane) ? 3 : 2);
	for (size_t i = 0; i < claim->count; i++) {
		put_uuid(args, &claim->items[i]->query.message.id);
		put_moment(args, now_us);
		if (takes_commands(lane))
			put_uuid(args, &claim->items[i]->request_hash);
	}
	db_send(lane->db, takes_commands(lane) ? &claim_commands : &claim_events);
	if (takes_commands(lane))
		send_recorded(lane, claim);
}

/* A request that was answered before: the same answer, or, where the key came with another request, a refusal. */
static void give_recorded(struct lane *lane, struct item *item, const struct rows *rows, int row)
{
	const struct uuid hash = row_uuid(rows, row, 1);
	const struct span answer = row_bytes(rows, row, 2);

	item->done = true;
	if (uuid_equal(&hash, &item->request_hash)) {
		item->answer = (struct span){arena_copy(&lane->arena, answer.bytes, answer.size), answer.size};
		return;
	}
	const struct refusal refusal = {E_KEY_REUSED, "idempotency_key_reused",
					"this idempotency key was used before, for another request", NULL};
	item_answer(lane, item, &(struct rpc_answer){.status = E_KEY_REUSED, .refusal = &refusal});
}

static enum status read_recorded(struct lane *lane, const struct claim *claim)
{
	struct rows rows;

	const enum status status = db_result(lane->db, &rows);
	if (status != OK)
		return status;
	for (int i = 0; i < rows.count; i++) {
		const struct uuid id = row_uuid(&rows, i, 0);
		struct item *item = find_item(claim, &id);

		if (item != NULL && item->duplicate)
			give_recorded(lane, item, &rows, i);
	}
	for (size_t i = 0; i < claim->count; i++)
		if (claim->items[i]->duplicate && !claim->items[i]->done)
			return E_REDO; /* claimed by somebody, and forgotten since: ours to decide after all */
	return OK;
}

enum status inbox_claim_read(struct lane *lane, const struct claim *claim)
{
	struct rows rows;

	for (size_t i = 0; i < claim->count; i++)
		claim->items[i]->duplicate = true;
	const enum status status = db_result(lane->db, &rows);
	if (status != OK)
		return status;
	for (int i = 0; i < rows.count; i++) {
		const struct uuid id = row_uuid(&rows, i, 0);

		find_item(claim, &id)->duplicate = false;
	}
	metric_add(&duplicates, lane->plan->name, (int64_t)claim->count - rows.count);
	if (takes_commands(lane))
		return read_recorded(lane, claim);
	for (size_t i = 0; i < claim->count; i++)
		claim->items[i]->done = claim->items[i]->duplicate;
	return OK;
}

static const struct sql record = {
	"inbox_record",
	"INSERT INTO inbox_commands (id, received_at, request_hash, answer)"
	" SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[])"
	" ON CONFLICT (id) DO UPDATE SET answer = EXCLUDED.answer",
};

static const struct sql forget = {"inbox_forget", "DELETE FROM inbox_commands WHERE id = ANY($1::uuid[])"};

/* What may be asked again under the same id, and decided anew: what failed for reasons outside of the request, and what
 * was answered with a secret, which is stored nowhere. */
static bool memorable(const struct item *item)
{
	const int http = status_rule(item->query.status)->http;

	return !item->secret && (item->query.status == OK || (http >= 400 && http < 500 && http != 401));
}

static size_t count_fresh(const struct claim *claim, bool remembered)
{
	size_t count = 0;

	for (size_t i = 0; i < claim->count; i++)
		count += !claim->items[i]->duplicate && memorable(claim->items[i]) == remembered;
	return count;
}

static void send_forget(struct lane *lane, const struct claim *claim, size_t count)
{
	struct uuid *ids = arena_new(&lane->arena, count, sizeof(*ids));
	size_t kept = 0;

	for (size_t i = 0; i < claim->count; i++)
		if (!claim->items[i]->duplicate && !memorable(claim->items[i]))
			ids[kept++] = claim->items[i]->query.message.id;
	arg_uuids(db_args(lane->db), ids, kept);
	db_send(lane->db, &forget);
}

static void send_record(struct lane *lane, const struct claim *claim, int64_t now_us)
{
	struct args *args = db_args(lane->db);

	args_columns(args, 4);
	for (size_t i = 0; i < claim->count; i++) {
		const struct item *item = claim->items[i];

		if (item->duplicate || !memorable(item))
			continue;
		put_uuid(args, &item->query.message.id);
		put_moment(args, now_us);
		put_uuid(args, &item->request_hash);
		put_text(args, item->answer.bytes);
	}
	db_send(lane->db, &record);
}

void inbox_record_send(struct lane *lane, const struct claim *claim, int64_t now_us)
{
	if (!takes_commands(lane))
		return;
	if (count_fresh(claim, true) > 0)
		send_record(lane, claim, now_us);
	if (count_fresh(claim, false) > 0)
		send_forget(lane, claim, count_fresh(claim, false));
}

enum status inbox_record_read(struct lane *lane, const struct claim *claim)
{
	struct rows rows;

	if (!takes_commands(lane))
		return OK;
	for (int remembered = 1; remembered >= 0; remembered--) {
		const enum status status = count_fresh(claim, remembered != 0) > 0 ? db_result(lane->db, &rows) : OK;
		if (status != OK)
			return status;
	}
	return OK;
}

static const struct sql attempt = {
	"inbox_attempt",
	"INSERT INTO attempts AS known (id, attempts, first_at) VALUES ($1, 1, $2)"
	" ON CONFLICT (id) DO UPDATE SET attempts = known.attempts + 1 RETURNING attempts, first_at",
};

enum status inbox_attempt(struct lane *lane, struct item *item)
{
	struct args *args = db_args(lane->db);
	struct rows rows;

	arg_uuid(args, &item->query.message.id);
	arg_moment(args, moment_now());
	const enum status status = db_run(lane->db, &attempt, &rows);
	if (status == OK) {
		item->attempts = row_int(&rows, 0, 0);
		item->first_us = row_moment(&rows, 0, 1);
	}
	return status;
}
