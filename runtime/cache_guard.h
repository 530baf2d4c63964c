/* The cache around a turn that writes: fenced before the commit, written through after it. */
#ifndef RT_CACHE_GUARD_H
#define RT_CACHE_GUARD_H

#include "lane.h"

must_check enum status cache_guard_before(struct lane *lane, const struct cache_entry *entries, size_t count);
void cache_guard_after(struct lane *lane, const struct cache_entry *entries, size_t count);

#endif
