/* A turn that reads: requests of one type together. And what reading and preparing have in common: answering a request
 * without a decision. */
#include <string.h>

#include "consumer/consumer.h"
#include "telemetry/metrics.h"

static struct metric read_time = {.name = "comanda_query_batch_duration_seconds",
				  .help = "Time to read a batch of requests of one type",
				  .type = HISTOGRAM,
				  .label = "type"};

void item_answer(struct consumer *consumer, struct item *item, const struct rpc_answer *with)
{
	struct buffer text;

	buffer_init(&text);
	rpc_answer_write(&text, with);
	item->answer = (struct span){arena_copy(&consumer->txn.arena, text.bytes, text.size), text.size};
	item->query.status = with->status;
	item->done = true;
	buffer_done(&text);
}

void item_fail(struct consumer *consumer, struct item *item, enum status status)
{
	item_answer(consumer, item, &(struct rpc_answer){.status = status});
}

void prepare_items(struct consumer *consumer, struct item **items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct item *item = items[i];

		if (item->handler == NULL || item->handler->prepare == NULL || item->query.status != OK)
			continue;
		if (item->query.message.deadline_us <
		    timestamp_now()) { /* nobody waits for the password to be hashed */
			item->query.status = E_EXPIRED;
			continue;
		}
		const enum status status = item->handler->prepare(&consumer->txn, &item->query);
		if (status != OK && item->query.status == OK)
			item->query.status = status;
	}
}

static void answer_query(struct consumer *consumer, struct item *item, enum status status)
{
	struct query *query = &item->query;

	if (query->status == OK && query->reply.bytes == NULL)
		query->status = status == OK ? E_INTERNAL : status;
	item_answer(consumer, item,
		    &(struct rpc_answer){.status = query->status, .data = query->reply, .refusal = &query->refusal});
}

/* Requests that are answered without reading: unreadable, expired. */
static bool answer_early(struct consumer *consumer, struct item *item, int64_t now_us)
{
	if (item->query.status == OK && item->query.message.deadline_us < now_us)
		item->query.status = E_EXPIRED;
	if (item->query.status == OK)
		return false;
	item_answer(consumer, item,
		    &(struct rpc_answer){
			    .status = item->query.status, .refusal = &item->query.refusal, .faults = item->faults});
	return true;
}

static void read_together(struct consumer *consumer, const struct handler *handler, struct item **items, size_t count)
{
	const int64_t start = monotonic_now();
	struct query **queries = arena_new(&consumer->txn.arena, count, sizeof(struct query *));

	for (size_t i = 0; i < count; i++)
		queries[i] = &items[i]->query;
	enum status status =
		db_ensure(consumer->txn.db); /* without the database, what a cache can answer is still answered */
	const enum status read = handler->read(&consumer->txn, queries, count);
	if (read != OK) {
		db_recover(consumer->txn.db);
		status = read == E_RETRY ? E_UNAVAILABLE : read;
	}
	for (size_t i = 0; i < count; i++)
		answer_query(consumer, items[i], status);
	metric_observe(&read_time, consumer_type(consumer, handler->type)->name, monotonic_now() - start);
}

void query_batch(struct consumer *consumer)
{
	struct batch *batch = &consumer->batch;
	struct item **same = arena_new(&consumer->txn.arena, batch->count + 1, sizeof(struct item *));
	const int64_t now = timestamp_now();

	for (size_t i = 0; i < batch->count; i++)
		answer_early(consumer, &batch->items[i], now);
	for (const struct handler *handler = consumer->config->handlers; handler->read != NULL; handler++) {
		size_t count = 0;

		for (size_t i = 0; i < batch->count; i++)
			if (batch->items[i].handler == handler && !batch->items[i].done)
				same[count++] = &batch->items[i];
		if (count > 0)
			read_together(consumer, handler, same, count);
	}
}
