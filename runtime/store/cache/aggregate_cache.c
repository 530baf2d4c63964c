/* A hash table of chains over arenas that go one after the other. */
#include "store/cache/aggregate_cache.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "telemetry/metrics.h"

enum { CHAINS = 4096 }; /* a power of two; as many aggregates as there is room for are hardly more */

static struct metric mistrusted = {.name = "comanda_aggregate_cache_invalidations_total",
				   .help = "Version conflicts that made the aggregate cache invalid",
				   .type = COUNTER};

struct entry_kept {
	const struct store *store;
	struct uuid id;
	int64_t version;
	const void *data;                /* NULL: only drives out an older one */
	struct entry_kept *next, **link; /* in its chain; `link` is NULL where it is in none */
};

/* What one turn has saved. */
struct generation {
	struct generation *next;
	struct arena arena;
	struct entry_kept *entries;
	size_t count, copies, bytes;
	int64_t made_us;
};

struct aggregate_cache {
	pthread_mutex_t mutex;
	struct generation *oldest, **end;
	size_t bytes;
	int64_t rests_until;
	struct entry_kept *chains[CHAINS];
};

struct aggregate_cache *aggregate_cache_new(void)
{
	struct aggregate_cache *aggregate_cache = mem_new(1, sizeof(*aggregate_cache));

	pthread_mutex_init(&aggregate_cache->mutex, NULL);
	aggregate_cache->end = &aggregate_cache->oldest;
	return aggregate_cache;
}

/* ---- chains ---- */

static struct entry_kept **chain_of(struct aggregate_cache *aggregate_cache, const struct uuid *id)
{
	return &aggregate_cache->chains[uuid_hash(id) & (CHAINS - 1)];
}

static struct entry_kept *find(struct aggregate_cache *aggregate_cache, const struct store *store,
			       const struct uuid *id)
{
	struct entry_kept *entry = *chain_of(aggregate_cache, id);

	while (entry != NULL && (entry->store != store || !uuid_equal(&entry->id, id)))
		entry = entry->next;
	return entry;
}

static void unlink_entry(struct entry_kept *entry)
{
	if (entry->link == NULL)
		return;
	*entry->link = entry->next;
	if (entry->next != NULL)
		entry->next->link = entry->link;
	entry->link = NULL;
}

static void link_entry(struct aggregate_cache *aggregate_cache, struct entry_kept *entry)
{
	entry->link = chain_of(aggregate_cache, &entry->id);
	entry->next = *entry->link;
	if (entry->next != NULL)
		entry->next->link = &entry->next;
	*entry->link = entry;
}

/* An older one never takes the place of a newer one: two consumers may put theirs in another order than they committed.
 */
static void enter(struct aggregate_cache *aggregate_cache, struct entry_kept *entry)
{
	struct entry_kept *present = find(aggregate_cache, entry->store, &entry->id);

	if (present != NULL && present->version > entry->version)
		return;
	if (present != NULL)
		unlink_entry(present);
	if (entry->data != NULL)
		link_entry(aggregate_cache, entry);
}

/* ---- generations ---- */

static void generation_free(struct generation *generation)
{
	arena_done(&generation->arena);
	free(generation);
}

static void copy_into(struct generation *generation, const struct cached_aggregate *saved)
{
	struct entry_kept *entry = &generation->entries[generation->count++];
	const struct store *store = saved->store;

	assert(store->copy != NULL && store->version != 0);
	*entry = (struct entry_kept){.store = store, .id = saved->id};
	memcpy(&entry->version, (const char *)saved->data + store->version, sizeof(entry->version));
	if (store->is_terminal != NULL && store->is_terminal(saved->data))
		return;
	void *copy = arena_new(&generation->arena, 1, store->kind->size);
	store->copy(saved->data, &generation->arena, copy);
	entry->data = copy;
	generation->copies++;
}

static struct generation *generation_of(const struct cached_aggregates *saved)
{
	struct generation *made = mem_new(1, sizeof(*made));

	arena_init(&made->arena);
	made->entries = arena_new(&made->arena, saved->count, sizeof(*made->entries));
	for (size_t i = 0; i < saved->count; i++)
		copy_into(made, &saved->items[i]);
	made->bytes = sizeof(*made) + arena_held(&made->arena);
	made->made_us = saved->now_us;
	return made;
}

static void append(struct aggregate_cache *aggregate_cache, struct generation *generation)
{
	for (size_t i = 0; i < generation->count; i++)
		enter(aggregate_cache, &generation->entries[i]);
	if (generation->copies == 0) {
		generation_free(generation);
		return;
	}
	*aggregate_cache->end = generation;
	aggregate_cache->end = &generation->next;
	aggregate_cache->bytes += generation->bytes;
}

static void drop_oldest(struct aggregate_cache *aggregate_cache)
{
	struct generation *oldest = aggregate_cache->oldest;

	for (size_t i = 0; i < oldest->count; i++)
		unlink_entry(&oldest->entries[i]);
	aggregate_cache->oldest = oldest->next;
	if (aggregate_cache->oldest == NULL)
		aggregate_cache->end = &aggregate_cache->oldest;
	aggregate_cache->bytes -= oldest->bytes;
	generation_free(oldest);
}

static void drop_old(struct aggregate_cache *aggregate_cache, int64_t now_us)
{
	while (aggregate_cache->oldest != NULL && (aggregate_cache->bytes > AGGREGATE_CACHE_BYTES ||
						   now_us - aggregate_cache->oldest->made_us >= AGGREGATE_CACHE_US))
		drop_oldest(aggregate_cache);
}

static void drop_all(struct aggregate_cache *aggregate_cache)
{
	while (aggregate_cache->oldest != NULL)
		drop_oldest(aggregate_cache);
}

void aggregate_cache_free(struct aggregate_cache *aggregate_cache)
{
	if (aggregate_cache == NULL)
		return;
	drop_all(aggregate_cache);
	pthread_mutex_destroy(&aggregate_cache->mutex);
	free(aggregate_cache);
}

/* ---- put, take, mistrust ---- */

static bool rests(struct aggregate_cache *aggregate_cache, int64_t now_us)
{
	pthread_mutex_lock(&aggregate_cache->mutex);
	const bool resting = now_us < aggregate_cache->rests_until;
	pthread_mutex_unlock(&aggregate_cache->mutex);
	return resting;
}

/* Copied before the lock is taken: other consumers wait for pointers only. */
void aggregate_cache_put(struct aggregate_cache *aggregate_cache, const struct cached_aggregates *saved)
{
	if (saved->count == 0 || rests(aggregate_cache, saved->now_us))
		return;
	struct generation *made = generation_of(saved);

	pthread_mutex_lock(&aggregate_cache->mutex);
	append(aggregate_cache, made);
	drop_old(aggregate_cache, saved->now_us);
	if (saved->now_us < aggregate_cache->rests_until)
		drop_all(aggregate_cache);
	pthread_mutex_unlock(&aggregate_cache->mutex);
}

static void take(struct aggregate_cache *aggregate_cache, struct cached_aggregate *wanted, struct arena *arena)
{
	const struct entry_kept *found = find(aggregate_cache, wanted->store, &wanted->id);

	wanted->data = NULL;
	if (found == NULL)
		return;
	void *copy = arena_new(arena, 1, wanted->store->kind->size);
	wanted->store->copy(found->data, arena, copy);
	wanted->data = copy;
}

size_t aggregate_cache_take(struct aggregate_cache *aggregate_cache, struct cached_aggregates *wanted,
			    struct arena *arena)
{
	size_t taken = 0;

	pthread_mutex_lock(&aggregate_cache->mutex);
	drop_old(aggregate_cache, wanted->now_us);
	for (size_t i = 0; i < wanted->count; i++) {
		take(aggregate_cache, &wanted->items[i], arena);
		taken += wanted->items[i].data != NULL;
	}
	pthread_mutex_unlock(&aggregate_cache->mutex);
	return taken;
}

void aggregate_cache_invalidate(struct aggregate_cache *aggregate_cache, int64_t now_us)
{
	pthread_mutex_lock(&aggregate_cache->mutex);
	drop_all(aggregate_cache);
	aggregate_cache->rests_until = now_us + AGGREGATE_CACHE_PAUSE_US;
	pthread_mutex_unlock(&aggregate_cache->mutex);
	metric_add(&mistrusted, NULL, 1);
}

size_t aggregate_cache_bytes(struct aggregate_cache *aggregate_cache)
{
	pthread_mutex_lock(&aggregate_cache->mutex);
	const size_t bytes = aggregate_cache->bytes;
	pthread_mutex_unlock(&aggregate_cache->mutex);
	return bytes;
}
