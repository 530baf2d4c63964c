/* The aggregate cache: what batches have just saved, in memory. The next batch of events about the same aggregates
 * comes some milliseconds later and need not load them. There is one per process: an events consumer changes what a
 * command consumer has made.
 *
 * A cached aggregate may be stale, because another replica changes rows without a word to this one. So a batch that
 * takes one checks its version before the commit (comanda/store.h). If a check fails, another replica works on the same
 * rows, and further checks would fail. Then the cache is emptied and disabled for AGGREGATE_CACHE_PAUSE_US.
 *
 * The copies of one batch lie in one arena and are freed together after AGGREGATE_CACHE_US. The oldest are freed
 * earlier when all copies hold more than AGGREGATE_CACHE_BYTES. */
#ifndef STORE_CACHE_AGGREGATE_CACHE_H
#define STORE_CACHE_AGGREGATE_CACHE_H

#include "comanda/store.h"
#include "core/timestamp.h"

#define AGGREGATE_CACHE_US       SECOND_US
#define AGGREGATE_CACHE_PAUSE_US (5 * SECOND_US)

enum { AGGREGATE_CACHE_BYTES = 2 * 1024 * 1024 };

struct aggregate_cache;

struct aggregate_cache *aggregate_cache_new(void);
void aggregate_cache_free(struct aggregate_cache *cache);
define_freep(struct aggregate_cache, aggregate_cache_free);

/* Some aggregates. Times are monotonic. */
struct cached_aggregate {
	const struct store *store; /* with `copy` */
	struct uuid id;
	void *data;
};
struct cached_aggregates {
	struct cached_aggregate *items;
	size_t count;
	int64_t now_us;
};

/* After a commit: copies what it has saved. A newer version that is there stays. */
void aggregate_cache_put(struct aggregate_cache *cache, const struct cached_aggregates *saved);
/* Gives each a copy in `arena`, or `data` NULL if it is not cached. Returns how many were. */
size_t aggregate_cache_take(struct aggregate_cache *cache, struct cached_aggregates *wanted, struct arena *arena);
/* A version check has failed, or its result is unknown: empties the cache and disables it. */
void aggregate_cache_invalidate(struct aggregate_cache *cache, int64_t now_us);
/* Bytes held now. For tests. */
size_t aggregate_cache_bytes(struct aggregate_cache *cache);

#endif
