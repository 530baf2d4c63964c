/* See redis/cache_metrics.h. */
#include "redis/cache_metrics.h"

#include "telemetry/metrics.h"

static struct metric reads = {
	.name = "comanda_cache_reads_total", .help = "Keys looked up, by result", .type = COUNTER, .label = "result"};

void cache_reads_count(const struct cache_entry *entries, size_t count, bool asked)
{
	size_t hits = 0;

	for (size_t i = 0; i < count; i++)
		hits += entries[i].value.bytes != NULL;
	metric_add(&reads, "hit", (int64_t)hits);
	metric_add(&reads, asked ? "miss" : "bypass", (int64_t)(count - hits));
}
