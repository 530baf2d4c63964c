/* Selects the events that wait for their partner event, and keeps the deliveries of these events. */
#include "consumer/event_join.h"

#include <string.h>

enum { WAITING_MAX = 4000 /* events that wait; more are decided at once */ };

bool event_join_enabled(const struct consumer *consumer)
{
	return consumer->ops->joins_events && consumer->config->join_timeout_us > 0;
}

/* ---- held deliveries ---- */

static void held_delivery_free(struct held_delivery *held_delivery)
{
	if (held_delivery == NULL)
		return;
	arena_done(&held_delivery->arena);
	free(held_delivery);
}

/* Frees all deliveries, or those without a waiting event. */
static void release(struct event_join *join, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < join->count; i++) {
		struct held_delivery *held_delivery = join->held_deliveries[i];

		if (all || held_delivery->waiting_count == 0)
			held_delivery_free(held_delivery);
		else
			join->held_deliveries[kept++] = held_delivery;
	}
	join->count = kept;
}

static void put_back(struct batch *batch, struct held_delivery *held_delivery)
{
	*batch_delivery(batch) = held_delivery->delivery;
	for (size_t i = 0; i < held_delivery->waiting_count; i++) {
		struct item *item = batch_item(batch);

		*item = held_delivery->waiting[i];
		item->delivery = batch->delivery_count;
	}
	batch->delivery_count++;
}

void event_join_begin(struct consumer *consumer)
{
	struct event_join *join = &consumer->join;
	const unsigned channel = broker_channel(consumer->broker);

	release(join, channel != join->channel);
	join->channel = channel;
	for (size_t i = 0; i < join->count; i++)
		put_back(&consumer->batch, join->held_deliveries[i]);
}

struct arena *event_join_arena(struct consumer *consumer)
{
	struct event_join *join = &consumer->join;

	if (join->next == NULL) {
		join->next = mem_new(1, sizeof(*join->next));
		arena_init(&join->next->arena);
	}
	return &join->next->arena;
}

void event_join_delivered(struct consumer *consumer)
{
	struct event_join *join = &consumer->join;

	if (join->count == join->room) {
		join->room = join->room == 0 ? 64 : 2 * join->room;
		join->held_deliveries = mem_grow(join->held_deliveries, join->room * sizeof(struct held_delivery *));
	}
	join->next->delivery = consumer->batch.deliveries[consumer->batch.delivery_count - 1];
	join->next->until_us = monotonic_now() + consumer->config->join_timeout_us;
	join->held_deliveries[join->count++] = join->next;
	join->next = NULL;
}

void event_join_done(struct consumer *consumer)
{
	release(&consumer->join, true);
	free(consumer->join.held_deliveries);
	held_delivery_free(consumer->join.next);
}

/* ---- which events wait ---- */

static int compare_subjects(const void *a, const void *b)
{
	const struct item *const *left = a, *const *right = b;

	return uuid_compare(&(*left)->query.message.subject, &(*right)->query.message.subject);
}

static bool may_wait(const struct item *item)
{
	return item->query.status == OK && !item->isolated && item->handler->join;
}

/* Marks the items whose partner event is not in the batch. */
static void find_alone(struct consumer *consumer, bool *ret_alone)
{
	struct batch *batch = &consumer->batch;
	struct item **items = arena_new(&consumer->txn.arena, batch->count + 1, sizeof(struct item *));
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (may_wait(&batch->items[i]))
			items[count++] = &batch->items[i];
	qsort(items, count, sizeof(*items), compare_subjects);
	for (size_t i = 0; i < count; i++) {
		const bool same_before = i > 0 && compare_subjects(&items[i - 1], &items[i]) == 0;
		const bool same_after = i + 1 < count && compare_subjects(&items[i], &items[i + 1]) == 0;

		ret_alone[items[i] - batch->items] = !same_before && !same_after;
	}
}

/* Keeps the items of a delivery that are alone. Returns their number. */
static size_t hold_alone(struct held_delivery *held_delivery, const struct item *items, size_t count, const bool *alone)
{
	size_t kept = 0;

	if (held_delivery->waiting == NULL) /* allocated once: the number never grows */
		held_delivery->waiting = arena_new(&held_delivery->arena, count, sizeof(*held_delivery->waiting));
	for (size_t i = 0; i < count; i++)
		if (alone[i])
			held_delivery->waiting[kept++] = items[i];
	held_delivery->waiting_count = kept;
	return kept;
}

static void drop_waiting(struct batch *batch, const bool *waits)
{
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (!waits[i])
			batch->items[kept++] = batch->items[i];
	batch->count = kept;
}

bool event_join_split(struct consumer *consumer)
{
	struct batch *batch = &consumer->batch;
	struct event_join *join = &consumer->join;
	const int64_t now = monotonic_now();
	/* Fewer than the prefetch, or the partner event could not be delivered. */
	const size_t held_deliveries_max = (size_t)consumer_prefetch(consumer) / 2;
	size_t waiting = 0, held_deliveries = 0;

	const bool many = batch->count >= BATCH_MANY;
	bool *alone = arena_new(&consumer->txn.arena, batch->count + 1, sizeof(bool));
	if (many)
		find_alone(consumer, alone);
	for (size_t first = 0, end = 0; first < batch->count; first = end) { /* items of one delivery lie together */
		struct held_delivery *held_delivery = join->held_deliveries[batch->items[first].delivery];

		while (end < batch->count && batch->items[end].delivery == batch->items[first].delivery)
			end++;
		if (now >= held_delivery->until_us || waiting >= WAITING_MAX || held_deliveries >= held_deliveries_max)
			memset(alone + first, 0, (end - first) * sizeof(bool));
		const size_t kept = hold_alone(held_delivery, batch->items + first, end - first, alone + first);
		waiting += kept;
		held_deliveries += kept > 0;
	}
	drop_waiting(batch, alone);
	return batch->count == 0 && held_deliveries == join->count;
}

int64_t event_join_wait_us(const struct consumer *consumer, int64_t most_us)
{
	const struct event_join *join = &consumer->join;
	int64_t until = monotonic_now() + most_us;

	for (size_t i = 0; i < join->count; i++)
		if (join->held_deliveries[i]->until_us < until)
			until = join->held_deliveries[i]->until_us;
	const int64_t left = until - monotonic_now();
	return left > 0 ? left : 0;
}

/* ---- acknowledging ---- */

enum status event_join_ack(struct consumer *consumer)
{
	const struct event_join *join = &consumer->join;
	uint64_t last = 0;
	bool waits = false;

	for (size_t i = 0; i < join->count; i++) {
		waits |= join->held_deliveries[i]->waiting_count > 0;
		if (join->held_deliveries[i]->delivery.tag > last)
			last = join->held_deliveries[i]->delivery.tag;
	}
	if (!waits)
		return broker_ack(consumer->broker, last, true);
	for (size_t i = 0; i < join->count; i++) {
		const struct held_delivery *held_delivery = join->held_deliveries[i];
		const enum status status = held_delivery->waiting_count > 0
						   ? OK
						   : broker_ack(consumer->broker, held_delivery->delivery.tag, false);
		if (status != OK)
			return status;
	}
	return OK;
}
