/* A batch that writes: one transaction for the whole batch, unless something goes wrong. Then the batch is bisected
 * until the item at fault is alone. */
#include "consumer/consumer.h"
#include "consumer/dead_letter.h"
#include "store/inbox.h"
#include "telemetry/log.h"

enum {
	RETRIES_MAX = 20, /* tries of one transaction in a row; then the batch stalls */
	ATTEMPTS_MAX = 5  /* deliveries of an event that may crash the process; the next makes it a dead letter */
};

/* The database refused this item alone: the event becomes a dead letter, the request is answered. */
static enum status reject_item(struct consumer *consumer, struct item *item, enum status status)
{
	const char *detail = db_detail(consumer->txn.db);

	log_error("message.poison", kv_text("type", txn_type(&consumer->txn, item->query.message.type)->name),
		  kv_uuid("message_id", item->query.message.id), kv_text("status", status_rule(status)->code),
		  kv_text("detail", detail));
	item->query.status = E_INTERNAL;
	if (consumer->ops->takes_requests) {
		item_fail(&consumer->txn.arena, item, E_INTERNAL);
		return OK;
	}
	const struct refusal refusal = {.status = E_INTERNAL, .code = "cannot_be_saved", .detail = detail};
	return write_dead_letter_alone(consumer, item, &refusal);
}

/* Decides some items, in as few transactions as possible. If one of them fails, the items are split in half, until the
 * item at fault is alone. */
static enum status run(struct consumer *consumer, struct item **items, size_t count)
{
	enum status status = E_RETRY;

	for (int tries = 0; status == E_RETRY && tries < RETRIES_MAX; tries++)
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

/* Counts the attempt before the decision, in a transaction of its own. So the count survives a crash of the process. It
 * counts once per delivery, even if the transaction is run several times. */
static enum status run_isolated(struct consumer *consumer, struct item *item)
{
	struct txn *txn = &consumer->txn;

	if (db_ensure(txn->db) != OK)
		return E_UNAVAILABLE;
	if (item->attempts == 0 && inbox_attempt(txn, item) != OK)
		return E_UNAVAILABLE;
	if (item->attempts <= ATTEMPTS_MAX)
		return run(consumer, &item, 1);
	const struct refusal refusal = {.status = E_INTERNAL,
					.code = "crashes_its_consumer",
					.detail = "it was redelivered again and again without ever being settled"};
	return write_dead_letter_alone(consumer, item, &refusal);
}

/* A request that could not be read is answered without a transaction. */
static bool needs_transaction(const struct consumer *consumer, const struct item *item)
{
	return !item->done && (!consumer->ops->takes_requests || item->query.status == OK);
}

static void answer_unreadable(struct consumer *consumer)
{
	for (size_t i = 0; i < consumer->batch.count && consumer->ops->takes_requests; i++) {
		struct item *item = &consumer->batch.items[i];

		if (item->query.status != OK && !item->done)
			item_answer(&consumer->txn.arena, item,
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

	answer_unreadable(consumer);
	for (size_t i = 0; i < batch->count; i++)
		if (needs_transaction(consumer, &batch->items[i]) && !batch->items[i].isolated)
			items[count++] = &batch->items[i];
	enum status status = count == 0 ? OK : run(consumer, items, count);
	for (size_t i = 0; i < batch->count && status == OK; i++)
		if (needs_transaction(consumer, &batch->items[i]) && batch->items[i].isolated)
			status = run_isolated(consumer, &batch->items[i]);
	return status;
}
