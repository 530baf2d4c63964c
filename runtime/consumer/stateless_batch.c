/* A batch of events that change nothing in this service: load, decide, send, wait for the confirms. It has no
 * transaction and no inbox. Its outputs have derived ids. If an event is decided twice, the receiver's inbox drops the
 * second output. */
#include "consumer/consumer.h"
#include "consumer/dead_letter.h"
#include "store/event_writer.h"
#include "store/stores.h"

/* Writes a dead letter or a retry to the outbox. */
static enum status write_undecided(struct consumer *consumer, struct item *item, const struct refusal *refusal)
{
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();

	if (status_rule(item->query.status)->settle == SETTLE_DEAD_LETTER)
		write_dead_letter(consumer, batch, item, refusal);
	else
		write_retry_later(consumer, batch, item, refusal);
	outbox_insert(consumer->txn.db, batch, false);
	const enum status status = db_sync(consumer->txn.db);
	if (status == OK)
		outbox_relay_submit(consumer->group->relay, &batch);
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
	return write_undecided(consumer, item, &refusal);
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

/* Keeps the consumer's own connection alive while it waits. If that connection is lost, the batch still belongs to the
 * relay and must be waited for. */
static enum status deliver(struct consumer *consumer, struct outbox_batch *batch)
{
	enum status status = batch->count == 0 ? OK : E_TIMEOUT;

	if (batch->count > 0)
		outbox_relay_submit_and_keep(consumer->group->relay, batch);
	while (status == E_TIMEOUT) {
		status = outbox_relay_wait(consumer->group->relay, batch, SECOND_US);
		if (status == E_TIMEOUT)
			(void)!broker_tick(consumer->broker, 0);
	}
	return status;
}

enum status stateless_batch(struct consumer *consumer)
{
	struct txn *txn = &consumer->txn;
	struct unit *unit = unit_make(&txn->arena, txn->service->name);
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();
	struct item **items = arena_new(&txn->arena, consumer->batch.count + 1, sizeof(struct item *));

	for (size_t i = 0; i < consumer->batch.count; i++)
		items[i] = &consumer->batch.items[i];
	items_name_keys(items, consumer->batch.count, unit);
	if (db_ensure(txn->db) != OK)
		return E_UNAVAILABLE;
	/* `true` selects `load`, the only statement of a store without `version`. These stores only read, so `load`
	 * locks nothing (comanda/store.h). */
	stores_load(txn, unit, true);
	enum status status = db_sync(txn->db);
	if (status == OK)
		status = decide(consumer, unit);
	if (status != OK) {
		db_recover(txn->db);
		return E_UNAVAILABLE;
	}
	write_events(txn, batch, unit, consumer->batch.items);
	return deliver(consumer, batch);
}
