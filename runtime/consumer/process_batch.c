/* A turn that writes: claim, load, decide, save, commit. One transaction for the whole batch, unless something goes
 * wrong: then the batch is bisected until the one that is to blame is alone. */
#include "consumer/consumer.h"
#include "consumer/event_writer.h"
#include "store/aggregate_cache.h"
#include "store/cache_guard.h"
#include "store/deadlines.h"
#include "store/inbox.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

/* After a turn had to be run again: how long a lane locks what it loads, and asks what is recorded. */
#define WARY_US (5 * SECOND_US)

enum {
	REDO_MAX = 20,   /* races lost in a row before the lane takes a breath */
	ATTEMPTS_MAX = 5 /* times that an event may crash its consumer */
};

static struct metric turns = {
	.name = "comanda_turns_total", .help = "Turns that wrote, by how they ended", .type = COUNTER, .label = "end"};
static struct metric aggregates = {.name = "comanda_aggregates_total",
				   .help = "Aggregates that turns have loaded, or looked for, by where",
				   .type = COUNTER,
				   .label = "from"};
static struct metric turn_time = {
	.name = "comanda_turn_seconds", .help = "From the claim to the commit", .type = HISTOGRAM, .label = "lane"};

/* What one transaction works with. */
struct turn {
	struct lane *lane;
	struct item **items;
	size_t count;
	struct claim claim;
	bool locked;  /* what is loaded stays as it is until the commit */
	bool unread;  /* nothing need be known of its first statements before it decides: they go with the save */
	size_t taken; /* aggregates that it has from memory */
	struct unit *unit;
	struct parcel *parcel; /* what it says: events, dead letters, retries */
	struct cache_entry *cached;
	size_t cached_count;
	int64_t now_us, start; /* the latter by the steady clock */
};

/* ---- loading ---- */

static void forget_outcomes(struct turn *turn)
{
	for (size_t i = 0; i < turn->count; i++) {
		struct item *item = turn->items[i];

		item->query.status = item->gathered;
		item->twin = NULL;
		item->done = item->duplicate = item->secret = false;
	}
}

/* A hopeful claim of events says nothing but whether all is well. Of a new order all stands in its request. */
static bool needs_no_answer(const struct turn *turn, size_t asked)
{
	const struct claim *claim = &turn->claim;

	return asked == 0 && (turn->lane->plan->kind == LANE_EVENTS ? claim->hopeful : !claim->asks);
}

static enum status load_results(struct turn *turn)
{
	struct lane *lane = turn->lane;
	struct rows rows;

	enum status status = db_result(lane->db, &rows);
	if (status == OK)
		status = inbox_claim_read(lane, &turn->claim);
	return status == OK ? stores_load_read(lane, turn->unit) : status;
}

static enum status load(struct turn *turn)
{
	struct lane *lane = turn->lane;

	if (!turn->locked) {
		turn->taken = stores_take_kept(lane, turn->unit);
		keys_hope(unit_keys(turn->unit));
	}
	db_send_text(lane->db, "BEGIN");
	inbox_claim_send(lane, &turn->claim, turn->now_us);
	const size_t asked = stores_load_send(lane, turn->unit, turn->locked);
	metric_add(&aggregates, "memory", (int64_t)turn->taken);
	metric_add(&aggregates, "database", (int64_t)asked);
	turn->unread = needs_no_answer(turn, asked);
	if (turn->unread)
		return OK;
	const enum status status = db_flush(lane->db);
	return status == OK ? load_results(turn) : status;
}

/* ---- deciding ---- */

static void answer_request(struct lane *lane, struct item *item, const struct verdict *verdict)
{
	const struct message_type *type = lane_type(lane, item->query.message.type);

	item->secret = verdict->secret;
	if (item->query.status != OK) {
		item_answer(lane, item,
			    &(struct rpc_answer){.status = item->query.status, .refusal = &verdict->refusal});
		return;
	}
	buffer_clear(&lane->scratch);
	if (type->reply != NULL && verdict->reply != NULL)
		json_encode(&lane->scratch, type->reply, verdict->reply);
	item_answer(lane, item, &(struct rpc_answer){.status = OK, .data = {lane->scratch.bytes, lane->scratch.size}});
}

/* What becomes of an event is read from the table of statuses. A dead letter or a retry is written once: no aggregate
 * remembers those, so the event has to be claimed, and the turn is run again. */
static enum status settle_event(struct turn *turn, struct item *item, const struct refusal *refusal)
{
	const enum settlement settle = status_rule(item->query.status)->settle;

	if (settle != SETTLE_ACK && inbox_leaves(&turn->claim, item))
		return E_REDO;
	switch (settle) {
	case SETTLE_ACK:
		return OK;
	case SETTLE_DEAD:
		letter_dead(turn->lane, turn->parcel, item, refusal);
		return OK;
	case SETTLE_LATER:
		letter_later(turn->lane, turn->parcel, item, refusal);
		return OK;
	case SETTLE_AGAIN:
		break;
	}
	return E_REDO;
}

static enum status run_decision(struct turn *turn, struct item *item, struct verdict *ret_verdict)
{
	const struct message *message = &item->query.message;

	if (message->deadline_us < moment_now()) { /* it may have waited for locks since the turn began */
		*ret_verdict = (struct verdict){.status = E_EXPIRED};
		return OK;
	}
	*ret_verdict = unit_decide(turn->unit, item->handler->decide, message, turn->now_us,
				   (size_t)(item - turn->lane->batch.items));
	if (status_rule(ret_verdict->status)->txn == TXN_REDO)
		return E_REDO;
	/* A decision may keep its changes and still answer with a refusal: a stolen token ends its session. */
	if (ret_verdict->status == OK && ret_verdict->refusal.status != OK)
		ret_verdict->status = ret_verdict->refusal.status;
	return OK;
}

static enum status decide_item(struct turn *turn, struct item *item)
{
	struct verdict verdict = {.status = item->query.status, .refusal = item->query.refusal};

	if (item->query.status == OK && item->handler != NULL) {
		const enum status status = run_decision(turn, item, &verdict);
		if (status != OK)
			return status;
		item->query.status = verdict.status;
	}
	item->done = true;
	if (!lane_takes_requests(turn->lane))
		return settle_event(turn, item, &verdict.refusal);
	answer_request(turn->lane, item, &verdict);
	return OK;
}

static enum status decide(struct turn *turn)
{
	for (size_t i = 0; i < turn->count; i++) {
		struct item *item = turn->items[i];

		if (item->done || item->twin != NULL)
			continue;
		const enum status status = decide_item(turn, item);
		if (status != OK)
			return status;
	}
	letters_events(turn->lane, turn->parcel, turn->unit);
	return unit_hopes_met(turn->unit) ? OK : E_REDO;
}

/* ---- saving ---- */

static enum status save_results(struct turn *turn)
{
	const struct service *service = turn->lane->engine->service;
	struct db *db = turn->lane->db;

	enum status status = turn->unread ? load_results(turn) : OK;
	if (status == OK)
		status = cache_guard_read(turn->lane);
	if (status == OK)
		status = inbox_record_read(turn->lane, &turn->claim);
	if (status == OK)
		status = stores_save_read(turn->lane, turn->unit);
	if (status == OK)
		status = stores_prove_read(turn->lane, turn->unit);
	if (status == OK)
		status = deadlines_save_read(db, service, turn->unit, turn->claim.hopeful);
	if (status == OK)
		status = outbox_insert_read(db, turn->parcel);
	return status;
}

/* The inbox comes first: a request that was answered before is found out by that, and not by what it would do.
 *
 * The aggregates come before the deadlines: store/deadline_promotion.c relies on it.
 *
 * COMMIT goes only after the results were looked at: a statement that touched fewer rows than it named is no error to
 * the database, and it would be too late to turn back. */
static enum status save(struct turn *turn)
{
	const struct service *service = turn->lane->engine->service;
	struct db *db = turn->lane->db;
	struct rows rows;

	inbox_record_send(turn->lane, &turn->claim, turn->now_us);
	stores_save_send(turn->lane, turn->unit, turn->claim.hopeful);
	stores_prove_send(turn->lane, turn->unit);
	deadlines_save_send(db, service, turn->unit, turn->claim.hopeful);
	outbox_insert_send(db, turn->parcel, turn->claim.hopeful);
	enum status status = db_flush(db);
	if (status == OK)
		status = save_results(turn);
	if (status != OK)
		return status;
	db_send_text(db, "COMMIT");
	status = db_sync(db);
	if (status == OK)
		status = db_result(db, &rows);
	return status == OK ? db_synced(db) : status;
}

/* ---- the turn ---- */

static enum status turn_steps(struct turn *turn)
{
	struct lane *lane = turn->lane;

	enum status status = load(turn);
	turn->now_us = moment_now(); /* locks may have been waited for: what has expired meanwhile is not done */
	if (status == OK)
		status = decide(turn);
	if (status != OK)
		return status;
	turn->cached_count = stores_cached(lane, turn->unit, &turn->cached);
	cache_guard_before(lane, turn->cached, turn->cached_count);
	return save(turn);
}

/* Twins get what the first of them got. */
static void answer_twins(struct turn *turn)
{
	for (size_t i = 0; i < turn->count; i++) {
		struct item *item = turn->items[i];

		if (item->twin == NULL)
			continue;
		item->done = true;
		item->answer = item->twin->answer;
		item->query.status = item->twin->query.status;
		if (lane_takes_requests(turn->lane) && !uuid_equal(&item->request_hash, &item->twin->request_hash))
			item_fail(turn->lane, item, E_KEY_REUSED);
	}
}

static void turn_committed(struct turn *turn)
{
	stores_keep(turn->lane, turn->unit); /* first: what the relay sends now soon asks for it */
	answer_twins(turn);
	pace_note(&turn->lane->engine->pace, turn->unit);
	relay_give(turn->lane->engine->relay, &turn->parcel);
	stores_cache_values(turn->lane, turn->unit, turn->cached);
	cache_guard_after(turn->lane, turn->cached, turn->cached_count);
	stores_saved(turn->lane, turn->unit, turn->now_us);
	metric_add(&turns, "committed", 1);
}

/* Nothing is known of what the turn took from memory any more; and if that was it, others work on the same rows: for a
 * while nothing is kept. If not, they are in our way even so: what is loaded is locked for a while. */
static void lose_faith(struct turn *turn, enum status status)
{
	if (turn->taken > 0)
		kept_mistrust(turn->lane->engine->kept, moment_steady());
	else if (status == E_REDO)
		turn->lane->wary_until = turn->start + WARY_US;
}

enum status turn_once(struct lane *lane, struct item **items, size_t count, bool hopeful)
{
	struct turn turn = {
		.lane = lane, .items = items, .count = count, .now_us = moment_now(), .start = moment_steady()};
	scoped(parcel_free) struct parcel *parcel = parcel_new();

	turn.parcel = parcel;
	turn.unit = unit_make(&lane->arena, lane->engine->service->name);
	forget_outcomes(&turn);
	prepare_items(lane, items, count);
	turn.now_us = moment_now();
	claim_sort(lane, items, count, &turn.claim);
	turn.claim.hopeful = hopeful;
	const bool wary = !hopeful || turn.start < lane->wary_until;
	turn.claim.asks = wary || lane->plan->asks_first;
	turn.locked = wary || lane->plan->kind != LANE_EVENTS;
	name_keys(turn.unit, items, count);
	if (db_ensure(lane->db) != OK)
		return E_UNAVAILABLE;
	const enum status status = turn_steps(&turn);
	if (status != OK) {
		db_recover(lane->db);
		lose_faith(&turn, status);
		forget_outcomes(&turn); /* what was decided is not so: nobody may be told */
		metric_add(&turns, status_rule(status)->code, 1);
		return status;
	}
	parcel = NULL;
	turn_committed(&turn);
	metric_observe(&turn_time, lane->plan->name, moment_steady() - turn.start);
	return OK;
}

enum status turn_blamed(struct lane *lane, struct item *item, enum status status)
{
	log_error("item.blamed", kv_text("type", lane_type(lane, item->query.message.type)->name),
		  kv_uuid("message_id", item->query.message.id), kv_text("status", status_rule(status)->code),
		  kv_text("detail", db_detail(lane->db)));
	item->query.status = E_INTERNAL;
	if (lane_takes_requests(lane)) {
		item_fail(lane, item, E_INTERNAL);
		return OK;
	}
	const struct refusal refusal = {E_INTERNAL, "cannot_be_saved", db_detail(lane->db), NULL};
	return letter_dead_alone(lane, item, &refusal);
}

/* Runs some items to their end, in as few transactions as it takes. */
static enum status run(struct lane *lane, struct item **items, size_t count)
{
	enum status status = E_REDO;

	for (int tries = 0; status == E_REDO && tries < REDO_MAX; tries++)
		status = turn_once(lane, items, count, tries == 0);
	if (status == OK)
		return OK;
	if (status == E_REDO || status == E_UNAVAILABLE || !db_connected(lane->db))
		return E_UNAVAILABLE;
	if (count == 1)
		return turn_blamed(lane, items[0], status);
	status = run(lane, items, count / 2);
	return status == OK ? run(lane, items + count / 2, count - count / 2) : status;
}

/* An event that has come back again and again is counted before it is decided: if it crashes us, the count is there. */
static enum status run_careful(struct lane *lane, struct item *item)
{
	if (db_ensure(lane->db) != OK)
		return E_UNAVAILABLE;
	if (item->attempts == 0 && inbox_attempt(lane, item) != OK) { /* once a delivery, however often it is retried */
		db_recover(lane->db);
		return E_UNAVAILABLE;
	}
	if (item->attempts <= ATTEMPTS_MAX)
		return run(lane, &item, 1);
	const struct refusal refusal = {E_INTERNAL, "crashes_its_consumer",
					"it was redelivered again and again without ever being settled", NULL};
	return letter_dead_alone(lane, item, &refusal);
}

/* Does this item need a transaction? A request that could not be read is answered, and that is all. */
static bool needs_turn(const struct lane *lane, const struct item *item)
{
	return !item->done && (!lane_takes_requests(lane) || item->query.status == OK);
}

static void start_batch(struct lane *lane)
{
	for (size_t i = 0; i < lane->batch.count; i++) {
		struct item *item = &lane->batch.items[i];

		if (lane_takes_requests(lane) && item->query.status != OK && !item->done)
			item_answer(lane, item,
				    &(struct rpc_answer){.status = item->query.status,
							 .refusal = &item->query.refusal,
							 .faults = item->faults});
	}
}

enum status write_turn(struct lane *lane)
{
	struct batch *batch = &lane->batch;
	struct item **items = arena_new(&lane->arena, batch->count + 1, sizeof(struct item *));
	size_t count = 0;

	start_batch(lane);
	for (size_t i = 0; i < batch->count; i++)
		if (needs_turn(lane, &batch->items[i]) && !batch->items[i].careful)
			items[count++] = &batch->items[i];
	enum status status = count == 0 ? OK : run(lane, items, count);
	for (size_t i = 0; i < batch->count && status == OK; i++)
		if (needs_turn(lane, &batch->items[i]) && batch->items[i].careful)
			status = run_careful(lane, &batch->items[i]);
	return status;
}
