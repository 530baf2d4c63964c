/* Fence before, write after. */
#include "cache_guard.h"

enum status cache_guard_before(struct lane *lane, const struct cache_entry *entries, size_t count)
{
	return count == 0 ? OK : cache_fence(lane->cache, entries, count);
}

void cache_guard_after(struct lane *lane, const struct cache_entry *entries, size_t count)
{
	if (count > 0)
		cache_write(lane->cache, entries, count);
}
