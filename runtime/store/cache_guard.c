/* Fence before, write after; or raise the epoch and wait. */
#include "store/cache_guard.h"

#include <poll.h>

#include "telemetry/log.h"
#include "telemetry/metrics.h"

static struct metric raises = {
	.name = "comanda_cache_epoch_raises_total",
	.help = "Writes that could not fence the cache and closed it instead",
	.type = COUNTER,
};

static bool has_cache(const struct consumer *consumer)
{
	const char *url = consumer->engine->settings->redis_url;

	return url != NULL && *url != '\0';
}

void cache_guard_refresh(struct consumer *consumer)
{
	if (has_cache(consumer) && db_ensure(consumer->txn.db) == OK)
		cache_epoch_refresh(&consumer->txn.epoch, consumer->txn.db, consumer->txn.cache);
}

void cache_guard_before(struct consumer *consumer, struct cache_entry *entries, size_t count)
{
	consumer->txn.epoch_raised = false;
	if (count == 0 || !has_cache(consumer) || cache_fence(consumer->txn.cache, entries, count) == OK)
		return;
	consumer->txn.epoch_raised = true;
	cache_epoch_raise_send(&consumer->txn.epoch, consumer->txn.db);
}

enum status cache_guard_read(struct consumer *consumer)
{
	return consumer->txn.epoch_raised ? cache_epoch_raise_take(&consumer->txn.epoch, consumer->txn.db) : OK;
}

/* Half a second at most, and only for the first write after Redis went away. */
static void wait_for_readers(struct consumer *consumer)
{
	const int64_t until = cache_epoch_committed(&consumer->txn.epoch, monotonic_now());

	metric_add(&raises, NULL, 1);
	for (int64_t left = until - monotonic_now(); left > 0; left = until - monotonic_now())
		poll(NULL, 0, (int)(left / MS_US) + 1);
}

void cache_guard_after(struct consumer *consumer, const struct cache_entry *entries, size_t count)
{
	if (consumer->txn.epoch_raised)
		wait_for_readers(consumer);
	else if (count > 0)
		cache_write(consumer->txn.cache, entries, count);
}
