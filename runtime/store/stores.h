/* Loading and saving the aggregates of a batch: one statement per kind of aggregate. */
#ifndef STORE_STORES_H
#define STORE_STORES_H

#include "store/txn.h"

/* Queues the load of every kind that has keys, without what is in the unit already. The next flush puts the aggregates
 * into the unit. `locked`: no other transaction changes them before the transaction ends; otherwise a save that meets a
 * change fails (comanda/store.h). Returns how many aggregates are asked for. */
size_t stores_load(struct txn *txn, struct unit *unit, bool locked);
/* Queues the save of everything that has changed. `optimistic`: new aggregates are inserted without ON CONFLICT.
 * E_RETRY from the flush: another transaction was faster. */
void stores_save(struct txn *txn, struct unit *unit, bool optimistic);
/* After the commit: calls `saved` of the stores that have it, for each aggregate that was saved. */
void stores_saved(struct txn *txn, struct unit *unit, int64_t now_us);

/* Before the load: puts into the unit those of its aggregates that are in the aggregate cache. Returns how many. */
size_t stores_take_cached(struct txn *txn, struct unit *unit);
/* Queues the version check of cached aggregates that were not changed. E_RETRY from the flush: one has another version.
 */
void stores_validate(struct txn *txn, struct unit *unit);
/* After the commit: puts copies of what was saved into the aggregate cache. */
void stores_fill_aggregate_cache(struct txn *txn, struct unit *unit);

/* Redis: the entries of everything that has changed, without values. Returns how many. Then the values of those that
 * are wanted. */
size_t stores_cache_entries(struct txn *txn, struct unit *unit, struct cache_entry **ret_entries);
void stores_cache_values(struct txn *txn, struct unit *unit, struct cache_entry *entries);

#endif
