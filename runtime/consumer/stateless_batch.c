/* A turn of events that change nothing here: load, decide, send, wait for the confirms. No transaction, no inbox: the
 * outputs have derived ids, so that an event decided twice is dropped by the inbox of whoever hears the answer twice.
 */
#include "consumer/consumer.h"
#include "consumer/event_writer.h"

static enum status load(struct consumer *consumer, struct unit *unit)
{
	stores_load_send(consumer, unit, true);
	enum status status = db_sync(consumer->txn.db);
	if (status == OK)
		status = stores_load_read(consumer, unit);
	return status == OK ? db_synced(consumer->txn.db) : status;
}

/* What cannot be decided goes to the dead letters, or waits; that is written to the outbox, like everywhere. */
static enum status put_aside(struct consumer *consumer, struct item *item, const struct refusal *refusal)
{
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();

	if (status_rule(item->query.status)->settle == SETTLE_DEAD_LETTER)
		write_dead_letter(consumer, batch, item, refusal);
	else
		write_retry_later(consumer, batch, item, refusal);
	outbox_insert_send(consumer->txn.db, batch, false);
	enum status status = db_sync(consumer->txn.db);
	if (status == OK)
		status = outbox_insert_read(consumer->txn.db, batch);
	if (status == OK)
		status = db_synced(consumer->txn.db);
	if (status == OK)
		outbox_relay_submit(consumer->engine->relay, &batch);
	return status;
}

static enum status decide_item(struct consumer *consumer, struct unit *unit, struct item *item)
{
	struct refusal refusal = item->query.refusal;

	if (item->query.status == OK) {
		const struct decision_result decision =
			unit_decide(unit, item->handler->decide, &item->query.message, timestamp_now(),
				    (size_t)(item - consumer->batch.items));
		item->query.status = decision.status;
		refusal = decision.refusal;
	}
	if (status_rule(item->query.status)->settle == SETTLE_ACK)
		return OK;
	return put_aside(consumer, item, &refusal);
}

static enum status decide(struct consumer *consumer, struct unit *unit)
{
	for (size_t i = 0; i < consumer->batch.count; i++) {
		struct item *item = &consumer->batch.items[i];

		item->query.status = item->fetched;
		const enum status status = decide_item(consumer, unit, item);
		if (status != OK)
			return status;
	}
	return OK;
}

/* Meanwhile the consumer's own connection is kept alive. */
static enum status deliver(struct consumer *consumer, struct outbox_batch *batch)
{
	enum status status = batch->count == 0 ? OK : E_TIMEOUT;

	if (batch->count > 0)
		outbox_relay_submit_and_keep(consumer->engine->relay, batch);
	while (status == E_TIMEOUT) {
		status = outbox_relay_wait(consumer->engine->relay, batch, SECOND_US);
		if (status == E_TIMEOUT && broker_tick(consumer->broker, 0) != OK)
			continue; /* the batch is in the relay's hands: it must be waited for all the same */
	}
	return status;
}

enum status stateless_batch(struct consumer *consumer)
{
	struct unit *unit = unit_make(&consumer->txn.arena, consumer->engine->service->name);
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();
	struct item **items = arena_new(&consumer->txn.arena, consumer->batch.count + 1, sizeof(struct item *));

	for (size_t i = 0; i < consumer->batch.count; i++)
		items[i] = &consumer->batch.items[i];
	name_keys(unit, items, consumer->batch.count);
	if (db_ensure(consumer->txn.db) != OK)
		return E_UNAVAILABLE;
	enum status status = load(consumer, unit);
	if (status == OK)
		status = decide(consumer, unit);
	if (status != OK) {
		db_recover(consumer->txn.db);
		return E_UNAVAILABLE;
	}
	write_events(consumer, batch, unit);
	return deliver(consumer, batch);
}
