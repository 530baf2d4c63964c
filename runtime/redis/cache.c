/* Reads, fills, fences and writes of the cache. redis/scripts.h says what a key may hold. */
#include "redis/cache_private.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/random.h"
#include "core/timestamp.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define LEASE_US         (2 * SECOND_US) /* a reader fills within this time */
#define FENCE_US         (10 * SECOND_US)
#define FIRST_PAUSE_US   (50 * MS_US)
#define LONGEST_PAUSE_US (2 * SECOND_US)

static struct metric reads = {
	.name = "comanda_cache_reads_total", .help = "Keys looked up, by result", .type = COUNTER, .label = "result"};

struct cache *cache_new(const struct cache_config *config)
{
	struct cache *cache = mem_new(1, sizeof *cache);

	cache->config = *config;
	if (config->fence_us == 0)
		cache->config.fence_us = FENCE_US;
	arena_init(&cache->arena);
	buffer_init(&cache->command);
	cache->random = random_seed();
	cache->backoff = (struct backoff){.first_us = FIRST_PAUSE_US, .longest_us = LONGEST_PAUSE_US};
	cache->fence_used = true;
	cache->enabled = config->url != NULL && config->url[0] != '\0';
	if (cache->enabled && url_parse(config->url, &cache->arena, &cache->url) != OK) {
		log_error("cache.url",
			  kv_text("detail", "not redis://[user:password@]host:port[/db]: nothing is cached"));
		cache->url.host = "";
	}
	/* hiredis 0.14 writes with write(2). */
	signal(SIGPIPE, SIG_IGN);
	return cache;
}

void cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	if (cache->redis != NULL)
		redisFree(cache->redis);
	buffer_done(&cache->command);
	arena_done(&cache->arena);
	free(cache);
}

bool cache_available(const struct cache *cache)
{
	return cache->redis != NULL;
}

void cache_set_epoch(struct cache *cache, int64_t epoch)
{
	cache->bypass = epoch == CACHE_BYPASS;
	/* Values that are written in between keep the epoch before, and the next epoch does not read them. */
	if (!cache->bypass)
		cache->epoch = epoch;
}

/* ---- reading ---- */

/* `token`: the 12 digits that the leases of this call begin with. */
static void build_read(const struct script_call *call, const char *token)
{
	struct cache *cache = call->cache;

	put_keys(call, 4);
	put_number(cache, cache->epoch);
	put_word(cache, token);
	put_number(cache, LEASE_US / MS_US);
	put_number(cache, cache->config.fence_us / MS_US);
}

static void read_item(const redisReply *item, struct cache_entry *entry, uint64_t lease, struct arena *arena)
{
	if (item->type == REDIS_REPLY_INTEGER)
		entry->lease = lease;
	if (item->type != REDIS_REPLY_STRING)
		return;

	const char *colon = memchr(item->str, ':', item->len);
	const char *bar = memchr(item->str, '|', item->len);
	assert(colon != NULL && bar != NULL);
	size_t size = (size_t)(item->str + item->len - (bar + 1));
	entry->sequence = strtoll(colon + 1, NULL, 10);
	entry->value = (struct span){arena_copy(arena, bar + 1, size), size};
}

static bool read_some(struct script_call *call, struct cache_entry *entries, struct arena *arena)
{
	uint64_t prefix = random_next(&call->cache->random) >> 16;
	char token[TOKEN_TEXT + 1];

	snprintf(token, sizeof token, "%012" PRIx64, prefix);
	redisReply *reply = script_call_run(call, build_read, token);
	if (reply == NULL)
		return false;
	/* The script numbers its keys from 1, and the first is leases_key. */
	for (size_t i = 0; i < call->count && i < reply->elements; i++)
		read_item(reply->element[i], &entries[i], prefix << 16 | (i + 2), arena);
	freeReplyObject(reply);
	return true;
}

static bool read_all(struct cache *cache, struct cache_entry *entries, size_t count, struct arena *arena)
{
	if (count == 0 || cache->bypass || !cache_connect(cache))
		return false;
	for (size_t done = 0; done < count; done += CALL_KEYS_MAX) {
		size_t some = count - done < CALL_KEYS_MAX ? count - done : CALL_KEYS_MAX;
		struct script_call call = {
			.cache = cache, .entries = entries + done, .count = some, .script = SCRIPT_READ};
		if (!read_some(&call, entries + done, arena))
			return false;
	}
	return true;
}

static void count_reads(const struct cache_entry *entries, size_t count, bool available)
{
	size_t hits = 0;

	for (size_t i = 0; i < count; i++)
		hits += entries[i].value.bytes != NULL;
	metric_add(&reads, "hit", (int64_t)hits);
	metric_add(&reads, available ? "miss" : "bypass", (int64_t)(count - hits));
}

void cache_read(struct cache *cache, struct cache_entry *entries, size_t count, struct arena *arena)
{
	for (size_t i = 0; i < count; i++) {
		entries[i].value = (struct span){0};
		entries[i].lease = 0;
	}
	count_reads(entries, count, read_all(cache, entries, count, arena));
}

static void build_fill(const struct script_call *call, const char *token)
{
	struct cache *cache = call->cache;

	(void)token;
	put_keys(call, 1 + 2 * call->count);
	put_number(cache, cache->config.keep_us / MS_US);
	for (size_t i = 0; i < call->count; i++) {
		char lease[TOKEN_TEXT + 2];
		snprintf(lease, sizeof lease, "L%016" PRIx64, call->entries[i].lease);
		put_word(cache, call->entries[i].lease == 0 ? "" : lease);
		put_value(cache, cache->epoch, "", &call->entries[i]);
	}
}

void cache_fill(struct cache *cache, const struct cache_entry *entries, size_t count)
{
	/* A lease from before the loss of the connection is not worth a new connection. */
	if (count == 0 || cache->bypass || cache->redis == NULL)
		return;
	(void)script_call_run_all((struct script_call){.cache = cache, .entries = entries, .script = SCRIPT_FILL},
				  count, build_fill, NULL);
}

/* ---- writing ---- */

static void build_fence(const struct script_call *call, const char *token)
{
	put_keys(call, 2);
	put_word(call->cache, token);
	put_number(call->cache, call->cache->config.fence_us / MS_US);
}

static bool fence_some(struct script_call *call, struct cache_entry *entries)
{
	redisReply *reply = script_call_run(call, build_fence, call->cache->fence);
	if (reply == NULL)
		return false;
	for (size_t i = 0; i < call->count && i < reply->elements; i++)
		entries[i].wanted = reply->element[i]->integer != 0;
	freeReplyObject(reply);
	return true;
}

static bool fence_all(struct cache *cache, struct cache_entry *entries, size_t count)
{
	for (size_t done = 0; done < count; done += CALL_KEYS_MAX) {
		const size_t some = count - done < CALL_KEYS_MAX ? count - done : CALL_KEYS_MAX;
		struct script_call call = {
			.cache = cache, .entries = entries + done, .count = some, .script = SCRIPT_FENCE};
		if (!fence_some(&call, entries + done))
			return false;
	}
	return true;
}

enum status cache_fence(struct cache *cache, struct cache_entry *entries, size_t count)
{
	if (!cache->enabled || count == 0)
		return OK;
	if (cache->fence_used)
		snprintf(cache->fence, sizeof cache->fence, "%016" PRIx64, random_next(&cache->random));
	cache->fence_used = false;
	cache->fence_epoch = cache->epoch;
	if (cache_connect(cache) && fence_all(cache, entries, count))
		return OK;
	/* Redis may still set the fence after others have written newer values. So no write may follow with this token.
	 */
	cache->fence[0] = '\0';
	cache->fence_used = true;
	return E_UNAVAILABLE;
}

static void build_write(const struct script_call *call, const char *token)
{
	struct cache *cache = call->cache;

	put_keys(call, 2 + 2 * call->count);
	put_word(cache, token);
	put_number(cache, cache->config.keep_us / MS_US);
	for (size_t i = 0; i < call->count; i++) {
		put_number(cache, call->entries[i].sequence);
		if (call->entries[i].value.bytes == NULL)
			put_word(cache, "");
		else
			put_value(cache, cache->fence_epoch, "w", &call->entries[i]);
	}
}

void cache_write(struct cache *cache, const struct cache_entry *entries, size_t count)
{
	/* Several writes may follow one fence. The next fence has another token. */
	cache->fence_used = true;
	if (count == 0 || !cache_connect(cache))
		return;
	(void)script_call_run_all((struct script_call){.cache = cache, .entries = entries, .script = SCRIPT_WRITE},
				  count, build_write, cache->fence);
}
