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

static bool has_cache(const struct lane *lane)
{
	const char *url = lane->engine->settings->redis_url;

	return url != NULL && *url != '\0';
}

void cache_guard_refresh(struct lane *lane)
{
	if (has_cache(lane) && db_ensure(lane->db) == OK)
		cache_epoch_refresh(&lane->epoch, lane->db, lane->cache);
}

void cache_guard_before(struct lane *lane, struct cache_entry *entries, size_t count)
{
	lane->epoch_raised = false;
	if (count == 0 || !has_cache(lane) || cache_fence(lane->cache, entries, count) == OK)
		return;
	lane->epoch_raised = true;
	cache_epoch_raise_send(&lane->epoch, lane->db);
}

enum status cache_guard_read(struct lane *lane)
{
	return lane->epoch_raised ? cache_epoch_raise_take(&lane->epoch, lane->db) : OK;
}

/* Half a second at most, and only for the first write after Redis went away. */
static void wait_for_readers(struct lane *lane)
{
	const int64_t until = cache_epoch_committed(&lane->epoch, moment_steady());

	metric_add(&raises, NULL, 1);
	for (int64_t left = until - moment_steady(); left > 0; left = until - moment_steady())
		poll(NULL, 0, (int)(left / MS_US) + 1);
}

void cache_guard_after(struct lane *lane, const struct cache_entry *entries, size_t count)
{
	if (lane->epoch_raised)
		wait_for_readers(lane);
	else if (count > 0)
		cache_write(lane->cache, entries, count);
}
