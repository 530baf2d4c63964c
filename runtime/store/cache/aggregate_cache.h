/* The aggregate cache: copies of aggregates that batches have just saved. The next events about the same aggregates
 * come some milliseconds later, and their batch need not load them. There is one cache per process, because an events
 * consumer changes aggregates that a command consumer creates.
 *
 * A copy may be stale: another replica may change the row, and this process does not notice. So a batch that uses a
 * copy checks its version before the commit (comanda/store.h). If a batch that used copies fails, for whatever reason,
 * the cache is emptied and disabled for AGGREGATE_CACHE_PAUSE_US. A failed check means that another replica works on
 * the same rows, so that further checks would fail too.
 *
 * The copies of one batch (a generation) lie in one arena and are freed together after AGGREGATE_CACHE_US. The oldest
 * are freed earlier when all copies hold more than AGGREGATE_CACHE_BYTES. */
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

/* After a commit: copies the saved aggregates. A newer copy that is in the cache stays. */
void aggregate_cache_put(struct aggregate_cache *cache, const struct cached_aggregates *saved);
/* Gives each a copy in `arena`, or `data` NULL if it is not cached. Returns how many were. */
size_t aggregate_cache_take(struct aggregate_cache *cache, struct cached_aggregates *wanted, struct arena *arena);
/* A batch that used copies has failed: empties the cache and disables it. */
void aggregate_cache_invalidate(struct aggregate_cache *cache, int64_t now_us);
/* Bytes held now. For tests. */
size_t aggregate_cache_bytes(struct aggregate_cache *cache);

#endif
