/* A hash table with chains. Its slots lie in arenas, which are freed in the order of their making. */
#include "store/cache/aggregate_cache.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "telemetry/metrics.h"

enum { CHAINS = 4096 }; /* a power of two; about as many aggregates fit into AGGREGATE_CACHE_BYTES */

static struct metric invalidations = {.name = "comanda_aggregate_cache_invalidations_total",
				      .help = "Failed batches that emptied the aggregate cache",
				      .type = COUNTER};

struct cache_slot {
	const struct store *store;
	struct uuid id;
	int64_t version;
	const void *data;                /* NULL: only removes an older one */
	struct cache_slot *next, **link; /* in its chain; `link` is NULL if it is in none */
};

/* The copies of one batch. */
struct generation {
	struct generation *next;
	struct arena arena;
	struct cache_slot *slots;
	size_t count, copies, bytes;
	int64_t made_us;
};

struct aggregate_cache {
	pthread_mutex_t mutex;
	struct generation *oldest, **end;
	size_t bytes;
	int64_t disabled_until;
	struct cache_slot *chains[CHAINS];
};

struct aggregate_cache *aggregate_cache_new(void)
{
	struct aggregate_cache *cache = mem_new(1, sizeof(*cache));

	pthread_mutex_init(&cache->mutex, NULL);
	cache->end = &cache->oldest;
	return cache;
}

/* ---- chains ---- */

static struct cache_slot **chain_of(struct aggregate_cache *cache, const struct uuid *id)
{
	return &cache->chains[uuid_hash(id) & (CHAINS - 1)];
}

static struct cache_slot *find(struct aggregate_cache *cache, const struct store *store, const struct uuid *id)
{
	struct cache_slot *slot = *chain_of(cache, id);

	while (slot != NULL && (slot->store != store || !uuid_equal(&slot->id, id)))
		slot = slot->next;
	return slot;
}

static void unlink_slot(struct cache_slot *slot)
{
	if (slot->link == NULL)
		return;
	*slot->link = slot->next;
	if (slot->next != NULL)
		slot->next->link = slot->link;
	slot->link = NULL;
}

static void link_slot(struct aggregate_cache *cache, struct cache_slot *slot)
{
	slot->link = chain_of(cache, &slot->id);
	slot->next = *slot->link;
	if (slot->next != NULL)
		slot->next->link = &slot->next;
	*slot->link = slot;
}

/* An older version never replaces a newer one. Two consumers may put theirs in another order than that of their
 * commits. */
static void replace(struct aggregate_cache *cache, struct cache_slot *slot)
{
	struct cache_slot *present = find(cache, slot->store, &slot->id);

	if (present != NULL && present->version > slot->version)
		return;
	if (present != NULL)
		unlink_slot(present);
	if (slot->data != NULL)
		link_slot(cache, slot);
}

/* ---- generations ---- */

static void generation_free(struct generation *generation)
{
	arena_done(&generation->arena);
	free(generation);
}

static void copy_into(struct generation *generation, const struct cached_aggregate *saved)
{
	struct cache_slot *slot = &generation->slots[generation->count++];
	const struct store *store = saved->store;

	assert(store->copy != NULL && store->version != 0);
	*slot = (struct cache_slot){.store = store, .id = saved->id};
	memcpy(&slot->version, (const char *)saved->data + store->version, sizeof(slot->version));
	if (store->is_terminal != NULL && store->is_terminal(saved->data))
		return;
	void *copy = arena_new(&generation->arena, 1, store->kind->size);
	store->copy(saved->data, &generation->arena, copy);
	slot->data = copy;
	generation->copies++;
}

static struct generation *generation_of(const struct cached_aggregates *saved)
{
	struct generation *made = mem_new(1, sizeof(*made));

	arena_init(&made->arena);
	made->slots = arena_new(&made->arena, saved->count, sizeof(*made->slots));
	for (size_t i = 0; i < saved->count; i++)
		copy_into(made, &saved->items[i]);
	made->bytes = sizeof(*made) + arena_held(&made->arena);
	made->made_us = saved->now_us;
	return made;
}

static void append(struct aggregate_cache *cache, struct generation *generation)
{
	for (size_t i = 0; i < generation->count; i++)
		replace(cache, &generation->slots[i]);
	if (generation->copies == 0) {
		generation_free(generation);
		return;
	}
	*cache->end = generation;
	cache->end = &generation->next;
	cache->bytes += generation->bytes;
}

static void drop_oldest(struct aggregate_cache *cache)
{
	struct generation *oldest = cache->oldest;

	for (size_t i = 0; i < oldest->count; i++)
		unlink_slot(&oldest->slots[i]);
	cache->oldest = oldest->next;
	if (cache->oldest == NULL)
		cache->end = &cache->oldest;
	cache->bytes -= oldest->bytes;
	generation_free(oldest);
}

static void drop_old(struct aggregate_cache *cache, int64_t now_us)
{
	while (cache->oldest != NULL &&
	       (cache->bytes > AGGREGATE_CACHE_BYTES || now_us - cache->oldest->made_us >= AGGREGATE_CACHE_US))
		drop_oldest(cache);
}

static void drop_all(struct aggregate_cache *cache)
{
	while (cache->oldest != NULL)
		drop_oldest(cache);
}

void aggregate_cache_free(struct aggregate_cache *cache)
{
	if (cache == NULL)
		return;
	drop_all(cache);
	pthread_mutex_destroy(&cache->mutex);
	free(cache);
}

/* ---- put, take, invalidate ---- */

static bool disabled(struct aggregate_cache *cache, int64_t now_us)
{
	pthread_mutex_lock(&cache->mutex);
	const bool off = now_us < cache->disabled_until;
	pthread_mutex_unlock(&cache->mutex);
	return off;
}

/* Copies before it takes the lock: other consumers wait only while pointers change. */
void aggregate_cache_put(struct aggregate_cache *cache, const struct cached_aggregates *saved)
{
	if (saved->count == 0 || disabled(cache, saved->now_us))
		return;
	struct generation *made = generation_of(saved);

	pthread_mutex_lock(&cache->mutex);
	append(cache, made);
	drop_old(cache, saved->now_us);
	if (saved->now_us < cache->disabled_until)
		drop_all(cache);
	pthread_mutex_unlock(&cache->mutex);
}

static void take(struct aggregate_cache *cache, struct cached_aggregate *wanted, struct arena *arena)
{
	const struct cache_slot *found = find(cache, wanted->store, &wanted->id);

	wanted->data = NULL;
	if (found == NULL)
		return;
	void *copy = arena_new(arena, 1, wanted->store->kind->size);
	wanted->store->copy(found->data, arena, copy);
	wanted->data = copy;
}

size_t aggregate_cache_take(struct aggregate_cache *cache, struct cached_aggregates *wanted, struct arena *arena)
{
	size_t taken = 0;

	pthread_mutex_lock(&cache->mutex);
	drop_old(cache, wanted->now_us);
	for (size_t i = 0; i < wanted->count; i++) {
		take(cache, &wanted->items[i], arena);
		taken += wanted->items[i].data != NULL;
	}
	pthread_mutex_unlock(&cache->mutex);
	return taken;
}

void aggregate_cache_invalidate(struct aggregate_cache *cache, int64_t now_us)
{
	pthread_mutex_lock(&cache->mutex);
	drop_all(cache);
	cache->disabled_until = now_us + AGGREGATE_CACHE_PAUSE_US;
	pthread_mutex_unlock(&cache->mutex);
	metric_add(&invalidations, NULL, 1);
}

size_t aggregate_cache_bytes(struct aggregate_cache *cache)
{
	pthread_mutex_lock(&cache->mutex);
	const size_t bytes = cache->bytes;
	pthread_mutex_unlock(&cache->mutex);
	return bytes;
}
