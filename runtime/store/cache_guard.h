/* The Redis cache around a batch that writes: fenced before the commit, written through after it. If Redis cannot be
 * fenced, the same transaction raises the epoch of cached values (cache_epoch.h). Replies then wait for the readers. */
#ifndef STORE_CACHE_GUARD_H
#define STORE_CACHE_GUARD_H

#include "store/txn.h"

/* At the start of a batch that reads or writes what is cached. */
void cache_guard_refresh(struct txn *txn);

/* Before the other statements of the save: fences, or queues the raise of the epoch. Marks the entries that are wanted.
 */
void cache_guard_before(struct txn *txn, struct cache_entry *entries, size_t count);
/* After COMMIT: writes through; or returns when no reader holds the old epoch any more. */
void cache_guard_after(struct txn *txn, const struct cache_entry *entries, size_t count);

#endif
