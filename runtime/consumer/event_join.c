/* Which events wait for their other half, and what becomes of the deliveries that they came in. */
#include "consumer/event_join.h"

#include <string.h>

enum { WAITING_MAX = 4000 /* events that wait; beyond, they go */ };

bool pairs_on(const struct lane *lane)
{
	return lane->plan->pair_us > 0;
}

/* ---- arrivals ---- */

static void arrival_free(struct arrival *arrival)
{
	if (arrival == NULL)
		return;
	arena_done(&arrival->arena);
	free(arrival);
}

/* Keeps those of which something waits. */
static void let_go(struct pairs *pairs, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < pairs->count; i++) {
		struct arrival *arrival = pairs->arrivals[i];

		if (all || arrival->waiting_count == 0)
			arrival_free(arrival);
		else
			pairs->arrivals[kept++] = arrival;
	}
	pairs->count = kept;
}

static void bring_back(struct batch *batch, struct arrival *arrival)
{
	*batch_delivery(batch) = arrival->delivery;
	for (size_t i = 0; i < arrival->waiting_count; i++) {
		struct item *item = batch_item(batch);

		*item = arrival->waiting[i];
		item->delivery = batch->delivery_count;
	}
	batch->delivery_count++;
}

void pairs_begin(struct lane *lane)
{
	struct pairs *pairs = &lane->pairs;
	const unsigned channel = broker_channel(lane->broker);

	let_go(pairs, channel != pairs->channel);
	pairs->channel = channel;
	for (size_t i = 0; i < pairs->count; i++)
		bring_back(&lane->batch, pairs->arrivals[i]);
}

struct arena *pairs_arena(struct lane *lane)
{
	struct pairs *pairs = &lane->pairs;

	if (pairs->next == NULL) {
		pairs->next = mem_new(1, sizeof(*pairs->next));
		arena_init(&pairs->next->arena);
	}
	return &pairs->next->arena;
}

void pairs_arrived(struct lane *lane)
{
	struct pairs *pairs = &lane->pairs;

	if (pairs->count == pairs->room) {
		pairs->room = pairs->room == 0 ? 64 : 2 * pairs->room;
		pairs->arrivals = mem_grow(pairs->arrivals, pairs->room * sizeof(struct arrival *));
	}
	pairs->next->delivery = lane->batch.deliveries[lane->batch.delivery_count - 1];
	pairs->next->until_us = moment_steady() + lane->plan->pair_us;
	pairs->arrivals[pairs->count++] = pairs->next;
	pairs->next = NULL;
}

void pairs_done(struct lane *lane)
{
	let_go(&lane->pairs, true);
	free(lane->pairs.arrivals);
	arrival_free(lane->pairs.next);
}

/* ---- who waits ---- */

static int compare_subjects(const void *a, const void *b)
{
	const struct item *const *left = a, *const *right = b;

	return uuid_compare(&(*left)->query.message.subject, &(*right)->query.message.subject);
}

static bool may_wait(const struct item *item)
{
	return item->query.status == OK && !item->careful && item->handler->paired;
}

/* Marks the items that have come without the other. */
static void find_alone(struct lane *lane, bool *ret_alone)
{
	struct batch *batch = &lane->batch;
	struct item **items = arena_new(&lane->arena, batch->count + 1, sizeof(struct item *));
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (may_wait(&batch->items[i]))
			items[count++] = &batch->items[i];
	qsort(items, count, sizeof(*items), compare_subjects);
	for (size_t i = 0; i < count; i++) {
		const bool twin_before = i > 0 && compare_subjects(&items[i - 1], &items[i]) == 0;
		const bool twin_after = i + 1 < count && compare_subjects(&items[i], &items[i + 1]) == 0;

		ret_alone[items[i] - batch->items] = !twin_before && !twin_after;
	}
}

/* Of one delivery's items, keeps back those that are alone. Returns how many. */
static size_t keep_back(struct arrival *arrival, const struct item *items, size_t count, const bool *alone)
{
	size_t kept = 0;

	if (arrival->waiting == NULL) /* later it can only become fewer */
		arrival->waiting = arena_new(&arrival->arena, count, sizeof(*arrival->waiting));
	for (size_t i = 0; i < count; i++)
		if (alone[i])
			arrival->waiting[kept++] = items[i];
	arrival->waiting_count = kept;
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

bool pairs_part(struct lane *lane)
{
	struct batch *batch = &lane->batch;
	struct pairs *pairs = &lane->pairs;
	const int64_t now = moment_steady();
	/* Deliveries that something waits of: fewer than the broker hands out ahead, or no other half could come. */
	const size_t arrivals_max = (size_t)lane_prefetch(lane->plan) / 2;
	size_t waiting = 0, arrivals = 0;

	const bool many = batch->count >= BATCH_MANY;
	bool *alone = arena_new(&lane->arena, batch->count + 1, sizeof(bool));
	if (many)
		find_alone(lane, alone);
	for (size_t first = 0, end = 0; first < batch->count; first = end) { /* a delivery's items lie together */
		struct arrival *arrival = pairs->arrivals[batch->items[first].delivery];

		while (end < batch->count && batch->items[end].delivery == batch->items[first].delivery)
			end++;
		if (now >= arrival->until_us || waiting >= WAITING_MAX || arrivals >= arrivals_max)
			memset(alone + first, 0, (end - first) * sizeof(bool));
		const size_t kept = keep_back(arrival, batch->items + first, end - first, alone + first);
		waiting += kept;
		arrivals += kept > 0;
	}
	drop_waiting(batch, alone);
	return batch->count == 0 && arrivals == pairs->count;
}

int64_t pairs_patience(const struct lane *lane, int64_t most_us)
{
	const struct pairs *pairs = &lane->pairs;
	int64_t until = moment_steady() + most_us;

	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->arrivals[i]->until_us < until)
			until = pairs->arrivals[i]->until_us;
	const int64_t patience = until - moment_steady();
	return patience > 0 ? patience : 0;
}

/* ---- acknowledging ---- */

enum status pairs_ack(struct lane *lane)
{
	const struct pairs *pairs = &lane->pairs;
	uint64_t last = 0;
	bool waits = false;

	for (size_t i = 0; i < pairs->count; i++) {
		waits |= pairs->arrivals[i]->waiting_count > 0;
		if (pairs->arrivals[i]->delivery.tag > last)
			last = pairs->arrivals[i]->delivery.tag;
	}
	if (!waits)
		return broker_ack(lane->broker, last, true);
	for (size_t i = 0; i < pairs->count; i++) {
		const struct arrival *arrival = pairs->arrivals[i];
		const enum status status =
			arrival->waiting_count > 0 ? OK : broker_ack(lane->broker, arrival->delivery.tag, false);
		if (status != OK)
			return status;
	}
	return OK;
}
