/* A cache for reads in Redis, with leases and fences. Redis may lose its contents at any moment.
 *
 * A reader that misses takes a short lease, and fills the key only while it still holds the lease. A writer fences the
 * key before COMMIT: the value and its leases are removed, and readers bypass the key. After COMMIT it writes the new
 * value. So neither a late fill nor a crash between COMMIT and the write can leave an old value behind. (After:
 * Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1.) */
#ifndef REDIS_CACHE_H
#define REDIS_CACHE_H

#include "core/memory.h"
#include "core/uuid.h"

struct cache;

struct cache_config {
	const char *url; /* redis://:password@host:port/db; NULL or "": no cache, every read misses */
	int64_t wait_us; /* time limit of connecting and of a command */
	int64_t keep_us; /* time to live of a value */
	/* How long a fence stays if its writer does not lift it. It must exceed the longest time from a fence to the
	 * end of its COMMIT. 0: 10 s. */
	int64_t fence_us;
};

struct cache *cache_new(const struct cache_config *config);
void cache_free(struct cache *cache);

struct cache_entry {
	const char *key;
	struct span value; /* read: in the arena; bytes NULL: a miss. Write: bytes NULL: the key is removed */
	uint64_t lease;    /* read: 0: bypass, do not fill */
	bool wanted;       /* fence: the value was read since it was written, so that a new one is of use */
	int64_t sequence;  /* the version of the value; an older one never replaces a newer one */
};

/* Looks up all entries in one round trip, and takes leases for misses. Without Redis all are misses without a lease. */
void cache_read(struct cache *cache, struct cache_entry *entries, size_t count, struct arena *arena);
/* Fills in values that were read from the database, for leases that are still held. Best effort. */
void cache_fill(struct cache *cache, const struct cache_entry *entries, size_t count);
/* Before COMMIT. From here on no reader uses or fills these keys, until they are written or the fence expires.
 * E_UNAVAILABLE: Redis has not confirmed that. docs/guarantees.md says what the consumer does then. */
must_check enum status cache_fence(struct cache *cache, struct cache_entry *entries, size_t count);
/* After COMMIT: writes the values and lifts the fences. Best effort. */
void cache_write(struct cache *cache, const struct cache_entry *entries, size_t count);
/* Whether there is a connection. */
bool cache_available(const struct cache *cache);

/* Values of an older epoch are not read any more (store/cache/cache_epoch.h). The first epoch is 0. CACHE_BYPASS: reads
 * and fills do nothing. Called between batches, not between a read and its fill or a fence and its write. */
enum { CACHE_BYPASS = -1 };
void cache_set_epoch(struct cache *cache, int64_t epoch);

#endif
