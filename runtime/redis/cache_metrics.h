/* How many keys the cache knew, of those it was asked for. */
#ifndef REDIS_CACHE_METRICS_H
#define REDIS_CACHE_METRICS_H

#include "redis/cache.h"

/* `asked` false: Redis was away, or was not to be believed. */
void cache_reads_count(const struct cache_entry *entries, size_t count, bool asked);

#endif
