/* The epoch of cached values: how a writer that cannot reach Redis keeps readers from stale values there.
 *
 * A Redis that is frozen, or cut off from one program, does not learn that a value is stale. When it comes back it
 * would serve that value. So each value carries the epoch that was current when it was read. The current epoch is one
 * row in the service's own database: table cache_epoch, columns epoch and enabled_from.
 *
 * - A consumer with a cache asks for the row at the start of a batch, outside any transaction. It uses the answer for
 *   CACHE_EPOCH_LEASE_US: cache_epoch_refresh.
 * - A writer whose cache_fence failed raises the epoch in the same transaction as its change: cache_epoch_raise. It
 *   also sets enabled_from some seconds ahead. Until then readers bypass the cache.
 * - After COMMIT the writer must not answer before the time that cache_epoch_committed returns. Then no reader holds
 *   the old epoch any more. Only the first write after Redis went away waits. Later writes find the cache closed for
 *   longer than any lease.
 *
 * While the database is away, the last known epoch stays in use. So the cache can still answer, and no writer can
 * commit. A stale read needs two faults at once: Redis is away for the writer, and the database is away for the reader
 * but not for that writer. Leases are measured by the monotonic clock of each program, enabled_from by the database's
 * clock only. Source: Gray and Cheriton, Leases, SOSP 1989. */
#ifndef STORE_CACHE_CACHE_EPOCH_H
#define STORE_CACHE_CACHE_EPOCH_H

#include "postgres/db.h"
#include "redis/cache.h"

#define CACHE_EPOCH_LEASE_US  (500 * MS_US)
#define CACHE_EPOCH_CLOSED_US (5 * SECOND_US) /* how long a raise closes the cache */

/* What a consumer knows; zeroed at first. Times are monotonic. */
struct cache_epoch {
	int64_t epoch;
	bool open;             /* readers may use the cache */
	int64_t held_until_us; /* ask again from here on */
	/* of the raise that is not committed yet */
	int64_t raised_us;       /* when it was queued */
	int64_t taken_us;        /* when its result was there: it has the row's lock */
	int64_t closed_until_us; /* the cache was closed before it until here; in the past: it was open */
	/* of the raises that were */
	int64_t closed_since_us; /* closed without a gap since here, as far as this consumer has seen, */
	int64_t closed_to_us;    /* until here */
};

/* Asks the database if that is due, at most once per lease. Then sets the epoch of the cache (cache_set_epoch). */
void cache_epoch_refresh(struct cache_epoch *epoch, struct db *db, struct cache *cache);

/* Queues the raise in the open transaction. */
void cache_epoch_raise(struct cache_epoch *epoch, struct db *db);
/* After COMMIT of a transaction that raised: the monotonic time before which no reply may be sent. `committed_us` is
 * when COMMIT's result was there. Pure. */
int64_t cache_epoch_committed(struct cache_epoch *epoch, int64_t committed_us);

#endif
