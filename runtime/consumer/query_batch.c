/* A batch that reads: requests of one type together. And the prepare step of requests that write. */
#include "consumer/consumer.h"
#include "telemetry/metrics.h"

static struct metric duration = {.name = "comanda_query_batch_duration_seconds",
				 .help = "Time to read a batch of requests of one type",
				 .type = HISTOGRAM,
				 .label = "type"};

void prepare_items(struct consumer *consumer, struct item **items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct item *item = items[i];

		if (item->handler == NULL || item->handler->prepare == NULL || item->query.status != OK)
			continue;
		if (item->query.message.deadline_us < timestamp_now()) { /* its caller has given up */
			item->query.status = E_EXPIRED;
			continue;
		}
		const enum status status = item->handler->prepare(&consumer->txn, &item->query);
		if (status != OK && item->query.status == OK)
			item->query.status = status;
	}
}

/* ---- reading ---- */

static void answer_query(struct consumer *consumer, struct item *item, enum status status)
{
	struct query *query = &item->query;

	if (query->status == OK && query->reply.bytes == NULL)
		query->status = status == OK ? E_INTERNAL : status;
	item_answer(&consumer->txn.arena, item,
		    &(struct rpc_answer){.status = query->status, .data = query->reply, .refusal = &query->refusal});
}

/* Requests that are answered without reading: unreadable, expired. */
static void answer_early(struct consumer *consumer, int64_t now_us)
{
	for (size_t i = 0; i < consumer->batch.count; i++) {
		struct item *item = &consumer->batch.items[i];

		if (item->query.status == OK && item->query.message.deadline_us < now_us)
			item->query.status = E_EXPIRED;
		if (item->query.status != OK)
			item_answer(&consumer->txn.arena, item,
				    &(struct rpc_answer){.status = item->query.status,
							 .refusal = &item->query.refusal,
							 .faults = item->faults});
	}
}

/* Without the database, what a cache can answer is still answered. */
static void read_together(struct consumer *consumer, const struct handler *handler, struct item **items, size_t count)
{
	const int64_t start = monotonic_now();
	struct txn *txn = &consumer->txn;
	struct query **queries = arena_new(&txn->arena, count, sizeof(struct query *));

	for (size_t i = 0; i < count; i++)
		queries[i] = &items[i]->query;
	enum status status = db_ensure(txn->db);
	const enum status read = handler->read(txn, queries, count);
	if (read != OK) {
		db_recover(txn->db);
		status = read == E_RETRY ? E_UNAVAILABLE : read;
	}
	for (size_t i = 0; i < count; i++)
		answer_query(consumer, items[i], status);
	metric_observe(&duration, txn_type(txn, handler->type)->name, monotonic_now() - start);
}

void query_batch(struct consumer *consumer)
{
	struct batch *batch = &consumer->batch;
	struct item **same = arena_new(&consumer->txn.arena, batch->count + 1, sizeof(struct item *));

	answer_early(consumer, timestamp_now());
	for (const struct handler *handler = consumer->config->handlers; handler->read != NULL; handler++) {
		size_t count = 0;

		for (size_t i = 0; i < batch->count; i++)
			if (batch->items[i].handler == handler && !batch->items[i].done)
				same[count++] = &batch->items[i];
		if (count > 0)
			read_together(consumer, handler, same, count);
	}
}
