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

/* After a turn had to be run again: how long a consumer locks what it loads, and asks what is recorded. */
#define PESSIMISTIC_US (5 * SECOND_US)

enum {
	REDO_MAX = 20,   /* races lost in a row before the consumer takes a breath */
	ATTEMPTS_MAX = 5 /* times that an event may crash its consumer */
};

static struct metric turns = {.name = "comanda_transactions_total",
			      .help = "Transactions that write, by result",
			      .type = COUNTER,
			      .label = "result"};
static struct metric aggregates = {.name = "comanda_aggregates_loaded_total",
				   .help = "Aggregates loaded or looked up, by source",
				   .type = COUNTER,
				   .label = "source"};
static struct metric turn_time = {.name = "comanda_transaction_duration_seconds",
				  .help = "Time from the duplicate check to the commit of a batch",
				  .type = HISTOGRAM,
				  .label = "consumer"};

/* What one transaction works with. */
struct turn {
	struct consumer *consumer;
	struct item **items;
	size_t count;
	struct dedup claim;
	bool locked;  /* what is loaded stays as it is until the commit */
	bool unread;  /* nothing need be known of its first statements before it decides: they go with the save */
	size_t taken; /* aggregates that it has from memory */
	struct unit *unit;
	struct outbox_batch *batch; /* what it says: events, dead letters, retries */
	struct cache_entry *cached;
	size_t cached_count;
	int64_t now_us, start; /* the latter by the steady clock */
};

/* ---- loading ---- */

static void forget_outcomes(struct turn *turn)
{
	for (size_t i = 0; i < turn->count; i++) {
		struct item *item = turn->items[i];

		item->query.status = item->fetched;
		item->duplicate_of = NULL;
		item->done = item->duplicate = item->secret = false;
	}
}

/* A optimistic claim of events says nothing but whether all is well. Of a new order all stands in its request. */
static bool needs_no_answer(const struct turn *turn, size_t asked)
{
	const struct dedup *claim = &turn->claim;

	return asked == 0 && (turn->consumer->config->kind == CONSUMER_EVENTS ? claim->optimistic : !claim->asks);
}

static enum status load_results(struct turn *turn)
{
	struct consumer *consumer = turn->consumer;
	struct rows rows;

	enum status status = db_result(consumer->txn.db, &rows);
	if (status == OK)
		status = inbox_dedup_read(consumer, &turn->claim);
	return status == OK ? stores_load_read(consumer, turn->unit) : status;
}

static enum status load(struct turn *turn)
{
	struct consumer *consumer = turn->consumer;

	if (!turn->locked) {
		turn->taken = stores_take_cached(consumer, turn->unit);
		keys_assume_new(unit_keys(turn->unit));
	}
	db_send_text(consumer->txn.db, "BEGIN");
	inbox_dedup_send(consumer, &turn->claim, turn->now_us);
	const size_t asked = stores_load_send(consumer, turn->unit, turn->locked);
	metric_add(&aggregates, "memory", (int64_t)turn->taken);
	metric_add(&aggregates, "database", (int64_t)asked);
	turn->unread = needs_no_answer(turn, asked);
	if (turn->unread)
		return OK;
	const enum status status = db_flush(consumer->txn.db);
	return status == OK ? load_results(turn) : status;
}

/* ---- deciding ---- */

static void answer_request(struct consumer *consumer, struct item *item, const struct decision_result *decision)
{
	const struct message_type *type = consumer_type(consumer, item->query.message.type);

	item->secret = decision->secret;
	if (item->query.status != OK) {
		item_answer(consumer, item,
			    &(struct rpc_answer){.status = item->query.status, .refusal = &decision->refusal});
		return;
	}
	buffer_clear(&consumer->txn.scratch);
	if (type->reply != NULL && decision->reply != NULL)
		json_encode(&consumer->txn.scratch, type->reply, decision->reply);
	item_answer(
		consumer, item,
		&(struct rpc_answer){.status = OK, .data = {consumer->txn.scratch.bytes, consumer->txn.scratch.size}});
}

/* What becomes of an event is read from the table of statuses. A dead letter or a retry is written once: no aggregate
 * remembers those, so the event has to be claimed, and the turn is run again. */
static enum status settle_event(struct turn *turn, struct item *item, const struct refusal *refusal)
{
	const enum settlement settle = status_rule(item->query.status)->settle;

	if (settle != SETTLE_ACK && inbox_skips(&turn->claim, item))
		return E_RETRY;
	switch (settle) {
	case SETTLE_ACK:
		return OK;
	case SETTLE_DEAD_LETTER:
		write_dead_letter(turn->consumer, turn->batch, item, refusal);
		return OK;
	case SETTLE_RETRY_LATER:
		write_retry_later(turn->consumer, turn->batch, item, refusal);
		return OK;
	case SETTLE_RETRY_NOW:
		break;
	}
	return E_RETRY;
}

static enum status run_decision(struct turn *turn, struct item *item, struct decision_result *ret_decision)
{
	const struct message *message = &item->query.message;

	if (message->deadline_us < timestamp_now()) { /* it may have waited for locks since the turn began */
		*ret_decision = (struct decision_result){.status = E_EXPIRED};
		return OK;
	}
	*ret_decision = unit_decide(turn->unit, item->handler->decide, message, turn->now_us,
				    (size_t)(item - turn->consumer->batch.items));
	if (status_rule(ret_decision->status)->txn == TXN_RETRY)
		return E_RETRY;
	/* A decision may keep its changes and still answer with a refusal: a stolen token ends its session. */
	if (ret_decision->status == OK && ret_decision->refusal.status != OK)
		ret_decision->status = ret_decision->refusal.status;
	return OK;
}

static enum status decide_item(struct turn *turn, struct item *item)
{
	struct decision_result decision = {.status = item->query.status, .refusal = item->query.refusal};

	if (item->query.status == OK && item->handler != NULL) {
		const enum status status = run_decision(turn, item, &decision);
		if (status != OK)
			return status;
		item->query.status = decision.status;
	}
	item->done = true;
	if (!consumer_takes_requests(turn->consumer))
		return settle_event(turn, item, &decision.refusal);
	answer_request(turn->consumer, item, &decision);
	return OK;
}

static enum status decide(struct turn *turn)
{
	for (size_t i = 0; i < turn->count; i++) {
		struct item *item = turn->items[i];

		if (item->done || item->duplicate_of != NULL)
			continue;
		const enum status status = decide_item(turn, item);
		if (status != OK)
			return status;
	}
	write_events(turn->consumer, turn->batch, turn->unit);
	return unit_assumptions_hold(turn->unit) ? OK : E_RETRY;
}

/* ---- saving ---- */

static enum status save_results(struct turn *turn)
{
	const struct service *service = turn->consumer->engine->service;
	struct db *db = turn->consumer->txn.db;

	enum status status = turn->unread ? load_results(turn) : OK;
	if (status == OK)
		status = cache_guard_read(turn->consumer);
	if (status == OK)
		status = inbox_record_read(turn->consumer, &turn->claim);
	if (status == OK)
		status = stores_save_read(turn->consumer, turn->unit);
	if (status == OK)
		status = stores_validate_read(turn->consumer, turn->unit);
	if (status == OK)
		status = deadlines_save_read(db, service, turn->unit, turn->claim.optimistic);
	if (status == OK)
		status = outbox_insert_read(db, turn->batch);
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
	const struct service *service = turn->consumer->engine->service;
	struct db *db = turn->consumer->txn.db;
	struct rows rows;

	inbox_record_send(turn->consumer, &turn->claim, turn->now_us);
	stores_save_send(turn->consumer, turn->unit, turn->claim.optimistic);
	stores_validate_send(turn->consumer, turn->unit);
	deadlines_save_send(db, service, turn->unit, turn->claim.optimistic);
	outbox_insert_send(db, turn->batch, turn->claim.optimistic);
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
	struct consumer *consumer = turn->consumer;

	enum status status = load(turn);
	turn->now_us = timestamp_now(); /* locks may have been waited for: what has expired meanwhile is not done */
	if (status == OK)
		status = decide(turn);
	if (status != OK)
		return status;
	turn->cached_count = stores_cache_entries(consumer, turn->unit, &turn->cached);
	cache_guard_before(consumer, turn->cached, turn->cached_count);
	return save(turn);
}

/* Twins get what the first of them got. */
static void answer_duplicates(struct turn *turn)
{
	for (size_t i = 0; i < turn->count; i++) {
		struct item *item = turn->items[i];

		if (item->duplicate_of == NULL)
			continue;
		item->done = true;
		item->answer = item->duplicate_of->answer;
		item->query.status = item->duplicate_of->query.status;
		if (consumer_takes_requests(turn->consumer) &&
		    !uuid_equal(&item->request_hash, &item->duplicate_of->request_hash))
			item_fail(turn->consumer, item, E_KEY_REUSED);
	}
}

static void turn_committed(struct turn *turn)
{
	stores_fill_aggregate_cache(turn->consumer, turn->unit); /* first: what the relay sends now soon asks for it */
	answer_duplicates(turn);
	admission_count(&turn->consumer->engine->admission, turn->unit);
	outbox_relay_submit(turn->consumer->engine->relay, &turn->batch);
	stores_cache_values(turn->consumer, turn->unit, turn->cached);
	cache_guard_after(turn->consumer, turn->cached, turn->cached_count);
	stores_saved(turn->consumer, turn->unit, turn->now_us);
	metric_add(&turns, "committed", 1);
}

/* Nothing is known of what the turn took from memory any more; and if that was it, others work on the same rows: for a
 * while nothing is kept. If not, they are in our way even so: what is loaded is locked for a while. */
static void lose_faith(struct turn *turn, enum status status)
{
	if (turn->taken > 0)
		aggregate_cache_invalidate(turn->consumer->engine->aggregate_cache, monotonic_now());
	else if (status == E_RETRY)
		turn->consumer->pessimistic_until = turn->start + PESSIMISTIC_US;
}

enum status process_batch(struct consumer *consumer, struct item **items, size_t count, bool optimistic)
{
	struct turn turn = {.consumer = consumer,
			    .items = items,
			    .count = count,
			    .now_us = timestamp_now(),
			    .start = monotonic_now()};
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();

	turn.batch = batch;
	turn.unit = unit_make(&consumer->txn.arena, consumer->engine->service->name);
	forget_outcomes(&turn);
	prepare_items(consumer, items, count);
	turn.now_us = timestamp_now();
	dedup_sort(consumer, items, count, &turn.claim);
	turn.claim.optimistic = optimistic;
	const bool pessimistic = !optimistic || turn.start < consumer->pessimistic_until;
	turn.claim.asks = pessimistic || consumer->config->check_duplicates_first;
	turn.locked = pessimistic || consumer->config->kind != CONSUMER_EVENTS;
	name_keys(turn.unit, items, count);
	if (db_ensure(consumer->txn.db) != OK)
		return E_UNAVAILABLE;
	const enum status status = turn_steps(&turn);
	if (status != OK) {
		db_recover(consumer->txn.db);
		lose_faith(&turn, status);
		forget_outcomes(&turn); /* what was decided is not so: nobody may be told */
		metric_add(&turns, status_rule(status)->code, 1);
		return status;
	}
	batch = NULL;
	turn_committed(&turn);
	metric_observe(&turn_time, consumer->config->name, monotonic_now() - turn.start);
	return OK;
}

enum status reject_item(struct consumer *consumer, struct item *item, enum status status)
{
	log_error("message.poison", kv_text("type", consumer_type(consumer, item->query.message.type)->name),
		  kv_uuid("message_id", item->query.message.id), kv_text("status", status_rule(status)->code),
		  kv_text("detail", db_detail(consumer->txn.db)));
	item->query.status = E_INTERNAL;
	if (consumer_takes_requests(consumer)) {
		item_fail(consumer, item, E_INTERNAL);
		return OK;
	}
	const struct refusal refusal = {E_INTERNAL, "cannot_be_saved", db_detail(consumer->txn.db), NULL};
	return write_dead_letter_alone(consumer, item, &refusal);
}

/* Runs some items to their end, in as few transactions as it takes. */
static enum status run(struct consumer *consumer, struct item **items, size_t count)
{
	enum status status = E_RETRY;

	for (int tries = 0; status == E_RETRY && tries < REDO_MAX; tries++)
		status = process_batch(consumer, items, count, tries == 0);
	if (status == OK)
		return OK;
	if (status == E_RETRY || status == E_UNAVAILABLE || !db_connected(consumer->txn.db))
		return E_UNAVAILABLE;
	if (count == 1)
		return reject_item(consumer, items[0], status);
	status = run(consumer, items, count / 2);
	return status == OK ? run(consumer, items + count / 2, count - count / 2) : status;
}

/* An event that has come back again and again is counted before it is decided: if it crashes us, the count is there. */
static enum status run_careful(struct consumer *consumer, struct item *item)
{
	if (db_ensure(consumer->txn.db) != OK)
		return E_UNAVAILABLE;
	if (item->attempts == 0 &&
	    inbox_attempt(consumer, item) != OK) { /* once a delivery, however often it is retried */
		db_recover(consumer->txn.db);
		return E_UNAVAILABLE;
	}
	if (item->attempts <= ATTEMPTS_MAX)
		return run(consumer, &item, 1);
	const struct refusal refusal = {E_INTERNAL, "crashes_its_consumer",
					"it was redelivered again and again without ever being settled", NULL};
	return write_dead_letter_alone(consumer, item, &refusal);
}

/* Does this item need a transaction? A request that could not be read is answered, and that is all. */
static bool needs_turn(const struct consumer *consumer, const struct item *item)
{
	return !item->done && (!consumer_takes_requests(consumer) || item->query.status == OK);
}

static void start_batch(struct consumer *consumer)
{
	for (size_t i = 0; i < consumer->batch.count; i++) {
		struct item *item = &consumer->batch.items[i];

		if (consumer_takes_requests(consumer) && item->query.status != OK && !item->done)
			item_answer(consumer, item,
				    &(struct rpc_answer){.status = item->query.status,
							 .refusal = &item->query.refusal,
							 .faults = item->faults});
	}
}

enum status write_batch(struct consumer *consumer)
{
	struct batch *batch = &consumer->batch;
	struct item **items = arena_new(&consumer->txn.arena, batch->count + 1, sizeof(struct item *));
	size_t count = 0;

	start_batch(consumer);
	for (size_t i = 0; i < batch->count; i++)
		if (needs_turn(consumer, &batch->items[i]) && !batch->items[i].careful)
			items[count++] = &batch->items[i];
	enum status status = count == 0 ? OK : run(consumer, items, count);
	for (size_t i = 0; i < batch->count && status == OK; i++)
		if (needs_turn(consumer, &batch->items[i]) && batch->items[i].careful)
			status = run_careful(consumer, &batch->items[i]);
	return status;
}
