/* What turns have just saved, kept in memory for a moment: the next turn of events about an order or a product comes
 * some milliseconds later, and need not load it. One a process: what a command consumer has made, an events consumer
 * changes.
 *
 * Nobody is told when somebody else changes a row, so what is kept may be old. Whoever takes it must prove it by its
 * version before the commit (store.h). Where that fails, another replica works on the same rows, and would again: then
 * all is forgotten, and nothing is kept for some seconds.
 *
 * Copies of one turn lie in one arena, and go together: after a second, or earlier, the oldest first, when all of them
 * hold more than AGGREGATE_CACHE_BYTES. */
#ifndef STORE_CACHE_AGGREGATE_CACHE_H
#define STORE_CACHE_AGGREGATE_CACHE_H

#include "comanda/store.h"
#include "core/timestamp.h"

#define AGGREGATE_CACHE_US       SECOND_US
#define AGGREGATE_CACHE_PAUSE_US (5 * SECOND_US)

enum { AGGREGATE_CACHE_BYTES = 2 * 1024 * 1024 };

struct aggregate_cache;

struct aggregate_cache *aggregate_cache_new(void);
void aggregate_cache_free(struct aggregate_cache *aggregate_cache);
define_freep(struct aggregate_cache, aggregate_cache_free);

/* Some aggregates; times are of the steady clock. */
struct cached_aggregate {
	const struct store *store; /* that copies */
	struct uuid id;
	void *data;
};
struct cached_aggregates {
	struct cached_aggregate *items;
	size_t count;
	int64_t now_us;
};

/* After a commit: copies what it has saved. Where a newer one is there already, that one stays. */
void aggregate_cache_put(struct aggregate_cache *aggregate_cache, const struct cached_aggregates *saved);
/* Gives each a copy in `arena`; `data` is NULL where none is kept. Returns how many there were. */
size_t aggregate_cache_take(struct aggregate_cache *aggregate_cache, struct cached_aggregates *wanted,
			    struct arena *arena);
/* What was taken was no longer so, or nobody knows: forgets everything, and keeps nothing for AGGREGATE_CACHE_PAUSE_US.
 */
void aggregate_cache_invalidate(struct aggregate_cache *aggregate_cache, int64_t now_us);
/* Bytes held now. For tests. */
size_t aggregate_cache_bytes(struct aggregate_cache *aggregate_cache);

#endif
