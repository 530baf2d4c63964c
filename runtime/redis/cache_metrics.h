/* How many keys the cache knew, of those it was asked for. */
#ifndef RT_CACHE_READS_H
#define RT_CACHE_READS_H

#include "redis/cache.h"

/* `asked` false: Redis was away, or was not to be believed. */
void cache_reads_count(const struct cache_entry *entries, size_t count, bool asked);

#endif
