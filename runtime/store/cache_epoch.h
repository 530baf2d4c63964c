/* The epoch of cached values: how a writer that cannot reach Redis keeps readers from what Redis still holds.
 *
 * A Redis that is frozen, or cut off from one program, cannot be told that a value is old; when it comes back it would
 * serve that value. So values carry the epoch that was current when they were read, and the epoch lives in one row of
 * the service's own database (table cache_epoch: epoch, enabled_from).
 *
 * - Every consumer with a cache asks for the row at the start of a turn, outside any transaction, and holds what it
 * learned for CACHE_EPOCH_LEASE_US: cache_epoch_refresh.
 * - A writer whose cache_fence failed raises the epoch in the same transaction as its change (cache_epoch_raise_send,
 *   cache_epoch_raise_take), and sets enabled_from some seconds ahead: until then readers bypass the cache.
 * - After COMMIT it must not answer before cache_epoch_committed: then no reader holds the old epoch any more. Only
 *   the first write after Redis went away waits; the others find the cache closed for longer than anybody's lease.
 *
 * While the database is away, the last epoch known stays in use, so that the cache can go on answering: nobody can
 * write then. (It takes two faults at once to read an old value: Redis away for a writer, and the database away for a
 * reader but not for that writer.) The leases are measured by each program's own steady clock, enabled_from only by the
 * database's. (After: Gray and Cheriton, Leases, SOSP 1989.) */
#ifndef STORE_CACHE_EPOCH_H
#define STORE_CACHE_EPOCH_H

#include "postgres/db.h"
#include "redis/cache.h"

#define CACHE_EPOCH_LEASE_US  (500 * MS_US)
#define CACHE_EPOCH_CLOSED_US (5 * SECOND_US) /* how long a raise closes the cache */

/* What a consumer knows; zeroed at first. Times are steady. */
struct cache_epoch {
	int64_t epoch;
	bool open;             /* readers may use the cache */
	int64_t held_until_us; /* ask again from here on */
	/* of the raise that is not committed yet */
	int64_t raised_us;       /* when it was sent */
	int64_t taken_us;        /* when its result was there: it has the row's lock */
	int64_t closed_until_us; /* the cache was closed before it until here; in the past: it was open */
	/* of the raises that were */
	int64_t closed_since_us; /* closed without a gap since here, as far as this consumer has seen, */
	int64_t closed_to_us;    /* until here */
};

/* Asks the database where that is due, at most once a lease; then tells the cache (cache_set_epoch). */
void cache_epoch_refresh(struct cache_epoch *epoch, struct db *db, struct cache *cache);

/* Queues the raise in the open transaction, and takes its result: one db_result, in its turn. */
void cache_epoch_raise_send(struct cache_epoch *epoch, struct db *db);
must_check enum status cache_epoch_raise_take(struct cache_epoch *epoch, struct db *db);
/* After COMMIT of a transaction that raised: the steady time before which nobody may be answered. `committed_us` is
 * when COMMIT's result was there. Pure. */
int64_t cache_epoch_committed(struct cache_epoch *epoch, int64_t committed_us);

#endif
