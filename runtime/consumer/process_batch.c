/* One transaction of a batch that writes: check the inbox, load, decide, save, commit. */
#include "consumer/consumer.h"
#include "consumer/dead_letter.h"
#include "store/cache/aggregate_cache.h"
#include "store/cache_guard.h"
#include "store/deadlines.h"
#include "store/event_writer.h"
#include "store/inbox.h"
#include "store/stores.h"
#include "telemetry/metrics.h"

/* How long a consumer locks rows and checks the inbox first, after a transaction had to be run again. */
#define PESSIMISTIC_US (5 * SECOND_US)

static struct metric transactions = {.name = "comanda_transactions_total",
				     .help = "Transactions that write, by result",
				     .type = COUNTER,
				     .label = "result"};
static struct metric aggregates = {.name = "comanda_aggregates_loaded_total",
				   .help = "Aggregates loaded or looked up, by source",
				   .type = COUNTER,
				   .label = "source"};
static struct metric duration = {.name = "comanda_transaction_duration_seconds",
				 .help = "Time from the duplicate check to the commit of a batch",
				 .type = HISTOGRAM,
				 .label = "consumer"};

struct batch_txn {
	struct consumer *consumer;
	struct txn *txn; /* the consumer's */
	struct item **items;
	size_t count;
	struct dedup dedup;
	bool locked;  /* loaded rows are locked until the commit */
	size_t taken; /* aggregates from the aggregate cache */
	struct unit *unit;
	struct outbox_batch *outbox; /* events, dead letters, retries */
	struct cache_entry *cached;  /* entries of the Redis cache that change */
	size_t cached_count;
	int64_t now_us;
	int64_t start_us; /* monotonic */
};

/* ---- loading ---- */

static void forget_outcomes(struct batch_txn *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = batch->items[i];

		item->query.status = item->fetched;
		item->duplicate_of = NULL;
		item->done = item->duplicate = item->secret = false;
	}
}

/* The first statements go together with the save, in one round trip, if no decision needs their results. That is so if
 * nothing is loaded and the inbox is not queried: an optimistic check only inserts. */
static bool can_decide_at_once(const struct batch_txn *batch, size_t asked)
{
	const struct dedup *dedup = &batch->dedup;

	return asked == 0 && (dedup->requests ? !dedup->check_first : dedup->optimistic);
}

static enum status load(struct batch_txn *batch)
{
	struct txn *txn = batch->txn;

	if (!batch->locked) {
		batch->taken = stores_take_cached(txn, batch->unit);
		keys_assume_new(unit_keys(batch->unit));
	}
	db_send_text(txn->db, "BEGIN");
	inbox_check(&batch->dedup, batch->now_us);
	const size_t asked = stores_load(txn, batch->unit, batch->locked);
	metric_add(&aggregates, "memory", (int64_t)batch->taken);
	metric_add(&aggregates, "database", (int64_t)asked);
	return can_decide_at_once(batch, asked) ? OK : db_flush(txn->db);
}

/* ---- deciding ---- */

static void answer_request(struct txn *txn, struct item *item, const struct decision_result *decision)
{
	const struct message_type *type = txn_type(txn, item->query.message.type);

	item->secret = decision->secret;
	if (item->query.status != OK) {
		item_answer(&txn->arena, item,
			    &(struct rpc_answer){.status = item->query.status, .refusal = &decision->refusal});
		return;
	}
	buffer_clear(&txn->scratch);
	if (type->reply != NULL && decision->reply != NULL)
		json_encode(&txn->scratch, type->reply, decision->reply);
	item_answer(&txn->arena, item,
		    &(struct rpc_answer){.status = OK, .data = {txn->scratch.bytes, txn->scratch.size}});
}

/* The table of statuses says what happens to the event. No aggregate records a dead letter or a retry, so only an inbox
 * row prevents a second one. If the event has no inbox row in this try, the transaction is run again with one. */
static enum status settle_event(struct batch_txn *batch, struct item *item, const struct refusal *refusal)
{
	const enum settlement settle = status_rule(item->query.status)->settle;

	if (settle != SETTLE_ACK && inbox_skips(&batch->dedup, item))
		return E_RETRY;
	switch (settle) {
	case SETTLE_ACK:
		return OK;
	case SETTLE_DEAD_LETTER:
		write_dead_letter(batch->consumer, batch->outbox, item, refusal);
		return OK;
	case SETTLE_RETRY_LATER:
		write_retry_later(batch->consumer, batch->outbox, item, refusal);
		return OK;
	case SETTLE_RETRY_NOW:
		break;
	}
	return E_RETRY;
}

static enum status run_decision(struct batch_txn *batch, struct item *item, struct decision_result *ret_decision)
{
	const struct message *message = &item->query.message;

	if (message->deadline_us < timestamp_now()) { /* the transaction may have waited for locks */
		*ret_decision = (struct decision_result){.status = E_EXPIRED};
		return OK;
	}
	*ret_decision = unit_decide(batch->unit, item->handler->decide, message, batch->now_us,
				    (size_t)(item - batch->consumer->batch.items));
	if (status_rule(ret_decision->status)->txn == TXN_RETRY)
		return E_RETRY;
	/* A decision may keep its changes and still answer with a refusal: a stolen token ends its session. */
	if (ret_decision->status == OK && ret_decision->refusal.status != OK)
		ret_decision->status = ret_decision->refusal.status;
	return OK;
}

static enum status decide_item(struct batch_txn *batch, struct item *item)
{
	struct decision_result decision = {.status = item->query.status, .refusal = item->query.refusal};

	if (item->query.status == OK && item->handler != NULL) {
		const enum status status = run_decision(batch, item, &decision);
		if (status != OK)
			return status;
		item->query.status = decision.status;
	}
	item->done = true;
	if (!batch->consumer->ops->takes_requests)
		return settle_event(batch, item, &decision.refusal);
	answer_request(batch->txn, item, &decision);
	return OK;
}

static enum status decide(struct batch_txn *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = batch->items[i];

		if (item->done || item->duplicate_of != NULL)
			continue;
		const enum status status = decide_item(batch, item);
		if (status != OK)
			return status;
	}
	write_events(batch->txn, batch->outbox, batch->unit, batch->consumer->batch.items);
	return unit_assumptions_hold(batch->unit) ? OK : E_RETRY;
}

/* ---- saving ---- */

/* The inbox comes first: if a request was answered before, its inbox row must collide before any other row does.
 *
 * The aggregates come before the deadlines: store/deadline_promotion.c relies on it.
 * COMMIT is sent after all results are checked. An update that finds too few rows is an error here and none for
 * PostgreSQL, so the check must come before the COMMIT. */
static enum status save(struct batch_txn *batch)
{
	const bool optimistic = batch->dedup.optimistic;
	struct txn *txn = batch->txn;

	batch->cached_count = stores_cache_entries(txn, batch->unit, &batch->cached);
	cache_guard_before(txn, batch->cached, batch->cached_count);
	inbox_record(&batch->dedup, batch->now_us);
	stores_save(txn, batch->unit, optimistic);
	stores_validate(txn, batch->unit);
	deadlines_save(txn, batch->unit, optimistic);
	outbox_insert(txn->db, batch->outbox, optimistic);
	const enum status status = db_flush(txn->db);
	if (status != OK)
		return status;
	db_send_text(txn->db, "COMMIT");
	return db_sync(txn->db);
}

/* ---- the transaction ---- */

static enum status run(struct batch_txn *batch)
{
	enum status status = load(batch);

	batch->now_us = timestamp_now(); /* the load may have waited for locks, and requests may have expired since */
	if (status == OK)
		status = decide(batch);
	return status == OK ? save(batch) : status;
}

/* A duplicate gets the outcome of the first item with its id. */
static void answer_duplicates(struct batch_txn *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = batch->items[i];

		if (item->duplicate_of == NULL)
			continue;
		item->done = true;
		item->answer = item->duplicate_of->answer;
		item->query.status = item->duplicate_of->query.status;
		if (batch->consumer->ops->takes_requests &&
		    !uuid_equal(&item->request_hash, &item->duplicate_of->request_hash))
			item_fail(&batch->txn->arena, item, E_KEY_REUSED);
	}
}

/* The aggregate cache comes first: the answers to these events need it soon after the relay has sent them. */
static void committed(struct batch_txn *batch)
{
	struct txn *txn = batch->txn;

	stores_fill_aggregate_cache(txn, batch->unit);
	answer_duplicates(batch);
	admission_count(batch->consumer->group->admission, batch->unit);
	outbox_relay_submit(batch->consumer->group->relay, &batch->outbox);
	stores_cache_values(txn, batch->unit, batch->cached);
	cache_guard_after(txn, batch->cached, batch->cached_count);
	stores_saved(txn, batch->unit, batch->now_us);
	metric_add(&transactions, "committed", 1);
	metric_observe(&duration, txn->name, monotonic_now() - batch->start_us);
}

/* If the batch used cached copies, disable the cache for a while. Otherwise lock loaded rows for a while. Either way,
 * another replica may work on the same rows. */
static void failed(struct batch_txn *batch, enum status status)
{
	db_recover(batch->txn->db);
	if (batch->taken > 0)
		aggregate_cache_invalidate(batch->txn->aggregate_cache, monotonic_now());
	else if (status == E_RETRY)
		batch->consumer->pessimistic_until = batch->start_us + PESSIMISTIC_US;
	forget_outcomes(batch); /* the decisions were rolled back: their replies must not be sent */
	metric_add(&transactions, status_rule(status)->code, 1);
}

static void begin(struct batch_txn *batch, bool optimistic)
{
	struct consumer *consumer = batch->consumer;
	const bool pessimistic = !optimistic || batch->start_us < consumer->pessimistic_until;

	batch->unit = unit_make(&batch->txn->arena, batch->txn->service->name);
	forget_outcomes(batch);
	prepare_items(consumer, batch->items, batch->count);
	batch->now_us = timestamp_now();
	dedup_init(&batch->dedup, batch->txn, batch->items, batch->count);
	batch->dedup.requests = consumer->ops->records;
	batch->dedup.optimistic = optimistic;
	batch->dedup.check_first = pessimistic || consumer->config->check_duplicates_first;
	batch->locked = pessimistic || consumer->ops->locks;
	items_name_keys(batch->items, batch->count, batch->unit);
}

enum status process_batch(struct consumer *consumer, struct item **items, size_t count, bool optimistic)
{
	scoped(outbox_batch_free) struct outbox_batch *outbox = outbox_batch_new();
	struct batch_txn batch = {
		.consumer = consumer,
		.txn = &consumer->txn,
		.items = items,
		.count = count,
		.outbox = outbox,
		.start_us = monotonic_now(),
	};

	begin(&batch, optimistic);
	if (db_ensure(consumer->txn.db) != OK)
		return E_UNAVAILABLE;
	const enum status status = run(&batch);
	if (status != OK) {
		failed(&batch, status);
		return status;
	}
	outbox = NULL; /* the relay takes it over */
	committed(&batch);
	return OK;
}
