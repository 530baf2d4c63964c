/* Fence before, write after; or raise the epoch and wait. */
#include "store/cache_guard.h"

#include <poll.h>

#include "telemetry/metrics.h"

static struct metric raises = {
	.name = "comanda_cache_epoch_raises_total",
	.help = "Writes that could not fence the cache and closed it instead",
	.type = COUNTER,
};

void cache_guard_refresh(struct txn *txn)
{
	if (txn->has_cache && db_ensure(txn->db) == OK)
		cache_epoch_refresh(&txn->epoch, txn->db, txn->cache);
}

void cache_guard_before(struct txn *txn, struct cache_entry *entries, size_t count)
{
	txn->epoch_raised = false;
	if (count == 0 || !txn->has_cache || cache_fence(txn->cache, entries, count) == OK)
		return;
	txn->epoch_raised = true;
	cache_epoch_raise(&txn->epoch, txn->db);
}

/* At most half a second, and only for the first write after Redis went away. */
static void wait_for_readers(struct txn *txn)
{
	const int64_t until = cache_epoch_committed(&txn->epoch, monotonic_now());

	metric_add(&raises, NULL, 1);
	for (int64_t left = until - monotonic_now(); left > 0; left = until - monotonic_now())
		poll(NULL, 0, (int)(left / MS_US) + 1);
}

void cache_guard_after(struct txn *txn, const struct cache_entry *entries, size_t count)
{
	if (txn->epoch_raised)
		wait_for_readers(txn);
	else if (count > 0)
		cache_write(txn->cache, entries, count);
}
