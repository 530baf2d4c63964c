/* A hash table of chains over arenas that go one after the other. */
#include "store/aggregate_cache.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "telemetry/metrics.h"

enum { CHAINS = 4096 }; /* a power of two; as many aggregates as there is room for are hardly more */

static struct metric mistrusted = {.name = "comanda_kept_mistrusted_total",
				   .help = "Times that what was kept in memory had to be forgotten",
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

struct kept {
	pthread_mutex_t mutex;
	struct generation *oldest, **end;
	size_t bytes;
	int64_t rests_until;
	struct entry_kept *chains[CHAINS];
};

struct kept *kept_new(void)
{
	struct kept *kept = mem_new(1, sizeof(*kept));

	pthread_mutex_init(&kept->mutex, NULL);
	kept->end = &kept->oldest;
	return kept;
}

/* ---- chains ---- */

static struct entry_kept **chain_of(struct kept *kept, const struct uuid *id)
{
	return &kept->chains[uuid_hash(id) & (CHAINS - 1)];
}

static struct entry_kept *find(struct kept *kept, const struct store *store, const struct uuid *id)
{
	struct entry_kept *entry = *chain_of(kept, id);

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

static void link_entry(struct kept *kept, struct entry_kept *entry)
{
	entry->link = chain_of(kept, &entry->id);
	entry->next = *entry->link;
	if (entry->next != NULL)
		entry->next->link = &entry->next;
	*entry->link = entry;
}

/* An older one never takes the place of a newer one: two lanes may put theirs in another order than they committed. */
static void enter(struct kept *kept, struct entry_kept *entry)
{
	struct entry_kept *present = find(kept, entry->store, &entry->id);

	if (present != NULL && present->version > entry->version)
		return;
	if (present != NULL)
		unlink_entry(present);
	if (entry->data != NULL)
		link_entry(kept, entry);
}

/* ---- generations ---- */

static void generation_free(struct generation *generation)
{
	arena_done(&generation->arena);
	free(generation);
}

static void copy_into(struct generation *generation, const struct keepsake *saved)
{
	struct entry_kept *entry = &generation->entries[generation->count++];
	const struct store *store = saved->store;

	assert(store->copy != NULL && store->version != 0);
	*entry = (struct entry_kept){.store = store, .id = saved->id};
	memcpy(&entry->version, (const char *)saved->data + store->version, sizeof(entry->version));
	if (store->over != NULL && store->over(saved->data))
		return;
	void *copy = arena_new(&generation->arena, 1, store->kind->size);
	store->copy(saved->data, &generation->arena, copy);
	entry->data = copy;
	generation->copies++;
}

static struct generation *generation_of(const struct keepsakes *saved)
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

static void append(struct kept *kept, struct generation *generation)
{
	for (size_t i = 0; i < generation->count; i++)
		enter(kept, &generation->entries[i]);
	if (generation->copies == 0) {
		generation_free(generation);
		return;
	}
	*kept->end = generation;
	kept->end = &generation->next;
	kept->bytes += generation->bytes;
}

static void drop_oldest(struct kept *kept)
{
	struct generation *oldest = kept->oldest;

	for (size_t i = 0; i < oldest->count; i++)
		unlink_entry(&oldest->entries[i]);
	kept->oldest = oldest->next;
	if (kept->oldest == NULL)
		kept->end = &kept->oldest;
	kept->bytes -= oldest->bytes;
	generation_free(oldest);
}

static void drop_old(struct kept *kept, int64_t now_us)
{
	while (kept->oldest != NULL && (kept->bytes > KEPT_BYTES || now_us - kept->oldest->made_us >= KEPT_US))
		drop_oldest(kept);
}

static void drop_all(struct kept *kept)
{
	while (kept->oldest != NULL)
		drop_oldest(kept);
}

void kept_free(struct kept *kept)
{
	if (kept == NULL)
		return;
	drop_all(kept);
	pthread_mutex_destroy(&kept->mutex);
	free(kept);
}

/* ---- put, take, mistrust ---- */

static bool rests(struct kept *kept, int64_t now_us)
{
	pthread_mutex_lock(&kept->mutex);
	const bool resting = now_us < kept->rests_until;
	pthread_mutex_unlock(&kept->mutex);
	return resting;
}

/* Copied before the lock is taken: other lanes wait for pointers only. */
void kept_put(struct kept *kept, const struct keepsakes *saved)
{
	if (saved->count == 0 || rests(kept, saved->now_us))
		return;
	struct generation *made = generation_of(saved);

	pthread_mutex_lock(&kept->mutex);
	append(kept, made);
	drop_old(kept, saved->now_us);
	if (saved->now_us < kept->rests_until)
		drop_all(kept);
	pthread_mutex_unlock(&kept->mutex);
}

static void take(struct kept *kept, struct keepsake *wanted, struct arena *arena)
{
	const struct entry_kept *found = find(kept, wanted->store, &wanted->id);

	wanted->data = NULL;
	if (found == NULL)
		return;
	void *copy = arena_new(arena, 1, wanted->store->kind->size);
	wanted->store->copy(found->data, arena, copy);
	wanted->data = copy;
}

size_t kept_take(struct kept *kept, struct keepsakes *wanted, struct arena *arena)
{
	size_t taken = 0;

	pthread_mutex_lock(&kept->mutex);
	drop_old(kept, wanted->now_us);
	for (size_t i = 0; i < wanted->count; i++) {
		take(kept, &wanted->items[i], arena);
		taken += wanted->items[i].data != NULL;
	}
	pthread_mutex_unlock(&kept->mutex);
	return taken;
}

void kept_mistrust(struct kept *kept, int64_t now_us)
{
	pthread_mutex_lock(&kept->mutex);
	drop_all(kept);
	kept->rests_until = now_us + KEPT_REST_US;
	pthread_mutex_unlock(&kept->mutex);
	metric_add(&mistrusted, NULL, 1);
}

size_t kept_bytes(struct kept *kept)
{
	pthread_mutex_lock(&kept->mutex);
	const size_t bytes = kept->bytes;
	pthread_mutex_unlock(&kept->mutex);
	return bytes;
}
