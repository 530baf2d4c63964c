/* Redis in front of reads, by leases and fences. What is in it can be lost at any moment.
 *
 * A reader that misses takes a short lease and fills only while it still holds it. A writer fences the key before
 * COMMIT (value and leases gone, readers bypass) and writes the new value after. So neither a late fill nor a crash
 * between commit and write-through can leave an old value behind. (After: Nishtala et al., Scaling Memcache at
 * Facebook, NSDI 2013, section 3.2.1.) */
#ifndef REDIS_CACHE_H
#define REDIS_CACHE_H

#include "core/memory.h"
#include "core/uuid.h"

struct cache;

struct cache_config {
	const char *url; /* redis://:password@host:port/db; NULL or "": no cache, every read misses */
	int64_t wait_us; /* connect and command time-out */
	int64_t keep_us; /* time to live of a value */
	/* How long a fence stands that nobody lifts: above the longest time from fence to the end of COMMIT. 0: 10 s.
	 */
	int64_t fence_us;
};

struct cache *cache_new(const struct cache_config *config);
void cache_free(struct cache *cache);

struct cache_entry {
	const char *key;
	struct span value; /* read: in the arena; bytes NULL: a miss. Write: bytes NULL: none is to stand there */
	uint64_t lease;    /* read: 0: bypass, do not fill */
	bool wanted;       /* fence: somebody has read it lately, a value will be of use */
	int64_t sequence;  /* write: the value's own version; an older one never replaces a newer */
};

/* Looks all of them up in one round trip; takes leases for misses. When Redis is away, all are misses without a lease.
 */
void cache_read(struct cache *cache, struct cache_entry *entries, size_t count, struct arena *arena);
/* Fills what was read from the database, where the lease is still held. Best effort. */
void cache_fill(struct cache *cache, const struct cache_entry *entries, size_t count);
/* Before COMMIT: from here on, nobody reads or fills these until they are written or the fence ends. E_UNAVAILABLE: it
 * cannot be promised; see docs/guarantees.md for what the consumer does then. */
must_check enum status cache_fence(struct cache *cache, struct cache_entry *entries, size_t count);
/* After COMMIT: writes the values and lifts the fences. Best effort. */
void cache_write(struct cache *cache, const struct cache_entry *entries, size_t count);
bool cache_available(const struct cache *cache);

/* Values of an older epoch are not read any more (see cache_epoch.h). At first 0. CACHE_CLOSED: every read bypasses.
 * Called between turns, not between a read and its fill or a fence and its write. */
enum { CACHE_CLOSED = -1 };
void cache_use_epoch(struct cache *cache, int64_t epoch);

#endif
