/* Redis in front of reads; the only file that knows hiredis. What a key may hold stands in redis/scripts.h.
 *
 * A call sends one script with all keys and reads one reply. The first thing that goes wrong closes the connection:
 * what was in flight may still be done by Redis, later, and every script is safe then (leases and fences have names
 * that are never used twice). */
#include <hiredis/hiredis.h>

#include "redis/cache.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "config/url.h"
#include "core/backoff.h"
#include "core/random.h"
#include "core/timestamp.h"
#include "redis/cache_metrics.h"
#include "redis/scripts.h"
#include "telemetry/connection_metrics.h"
#include "telemetry/log.h"

#define LEASE_US       (2 * SECOND_US) /* a reader fills within this */
#define FENCE_US       (10 * SECOND_US)
#define PAUSE_LEAST_US (50 * MS_US)
#define PAUSE_MOST_US  (2 * SECOND_US)

enum {
	CALL_KEYS = 1000, /* of one script: Lua's unpack() takes some thousands */
	SHA_TEXT = 40,
	TOKEN_TEXT = 16
};

/* Since when this Redis, which persists nothing, has been seen. */
static const char open_key[] = "cache:leases-open-at";

struct cache {
	redisContext *redis; /* NULL: not connected */
	bool wanted;         /* a URL was given */
	struct arena arena;  /* the parts of `url` */
	struct url url;
	struct cache_config config;
	char sha[SCRIPT_COUNT][SHA_TEXT + 1];
	struct buffer command;
	uint64_t random;     /* random_next() */
	int64_t epoch;       /* of reads and fills */
	bool closed;         /* every read bypasses */
	int64_t fence_epoch; /* as it was when the fence was made: the value is not newer than that */
	char fence[TOKEN_TEXT + 1];
	bool fence_spent; /* the next fence needs a new token */
	struct backoff backoff;
};

struct cache *cache_new(const struct cache_config *config)
{
	struct cache *cache = mem_new(1, sizeof *cache);

	cache->config = *config;
	if (config->fence_us == 0)
		cache->config.fence_us = FENCE_US;
	arena_init(&cache->arena);
	buffer_init(&cache->command);
	cache->random = random_seed();
	cache->backoff = (struct backoff){.first_us = PAUSE_LEAST_US, .longest_us = PAUSE_MOST_US};
	cache->fence_spent = true;
	cache->wanted = config->url != NULL && config->url[0] != '\0';
	if (cache->wanted && url_parse(config->url, &cache->arena, &cache->url) != OK) {
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

void cache_use_epoch(struct cache *cache, int64_t epoch)
{
	cache->closed = epoch == CACHE_CLOSED;
	/* Values that are written meanwhile are of the epoch before: the next one does not read them. */
	if (!cache->closed)
		cache->epoch = epoch;
}

/* ---- connection ---- */

static void lose(struct cache *cache, const char *why)
{
	if (!backoff_is_failing(&cache->backoff))
		log_warn("cache.unavailable", kv_text("host", cache->url.host), kv_text("detail", why));
	if (cache->redis != NULL)
		redisFree(cache->redis);
	cache->redis = NULL;
	backoff_failed(&cache->backoff, monotonic_now());
}

/* The next reply; NULL: the connection was lost, and closed. Redis's own errors are left to the caller. */
static redisReply *take_reply(struct cache *cache)
{
	void *reply = NULL;

	if (redisGetReply(cache->redis, &reply) == REDIS_OK)
		return reply;
	bool late = cache->redis->err == REDIS_ERR_IO && errno == EAGAIN;
	lose(cache, late ? "no answer in time" : cache->redis->errstr);
	return NULL;
}

/* Takes a reply that must not be an error; copies a text into `ret_text` where one is wanted. */
static bool expect_reply(struct cache *cache, char *ret_text, size_t text_size)
{
	redisReply *reply = take_reply(cache);
	bool good = reply != NULL && reply->type != REDIS_REPLY_ERROR;

	if (reply != NULL && !good)
		lose(cache, reply->str);
	if (good && ret_text != NULL)
		snprintf(ret_text, text_size, "%s", reply->str == NULL ? "" : reply->str);
	if (reply != NULL)
		freeReplyObject(reply);
	return good;
}

/* Signs in, chooses the database and loads the scripts, in one round trip. */
static bool greet(struct cache *cache)
{
	const struct url *url = &cache->url;
	int plain = 0;

	if (url->user[0] != '\0')
		plain += redisAppendCommand(cache->redis, "AUTH %s %s", url->user, url->password) == REDIS_OK;
	else if (url->password[0] != '\0')
		plain += redisAppendCommand(cache->redis, "AUTH %s", url->password) == REDIS_OK;
	if (url->path[0] != '\0')
		plain += redisAppendCommand(cache->redis, "SELECT %s", url->path) == REDIS_OK;
	for (int i = 0; i < SCRIPT_COUNT; i++)
		redisAppendCommand(cache->redis, "SCRIPT LOAD %s", cache_scripts[i]);

	while (plain-- > 0)
		if (!expect_reply(cache, NULL, 0))
			return false;
	for (int i = 0; i < SCRIPT_COUNT; i++)
		if (!expect_reply(cache, cache->sha[i], sizeof cache->sha[i]))
			return false;
	return true;
}

static struct timeval time_value(int64_t us)
{
	return (struct timeval){.tv_sec = us / SECOND_US, .tv_usec = us % SECOND_US};
}

static bool connect_once(struct cache *cache)
{
	struct timeval wait = time_value(cache->config.wait_us);
	int port = cache->url.port == 0 ? 6379 : cache->url.port;

	cache->redis = redisConnectWithTimeout(cache->url.host, port, wait);
	if (cache->redis == NULL || cache->redis->err != 0) {
		lose(cache, cache->redis == NULL ? "out of memory" : cache->redis->errstr);
		return false;
	}
	redisSetTimeout(cache->redis, wait);
	redisEnableKeepAlive(cache->redis);
	if (!greet(cache))
		return false;
	if (backoff_is_failing(&cache->backoff))
		log_info("cache.available", kv_text("host", cache->url.host));
	backoff_connected(&cache->backoff, monotonic_now());
	return true;
}

static bool connect_now(struct cache *cache)
{
	const bool opened = connect_once(cache);

	connection_attempts_count("cache", opened);
	return opened;
}

/* Between calls Redis has nothing to say, except that it goes. */
static bool hung_up(const struct cache *cache)
{
	struct pollfd socket = {.fd = cache->redis->fd, .events = POLLIN};

	return poll(&socket, 1, 0) > 0;
}

/* Fails fast while a new try is not due. */
static bool ensure(struct cache *cache)
{
	if (cache->redis != NULL && !hung_up(cache))
		return true;
	if (cache->redis != NULL)
		redisFree(cache->redis);
	cache->redis = NULL;
	if (!cache->wanted || cache->url.host[0] == '\0' || !backoff_is_due(&cache->backoff, monotonic_now()))
		return false;
	return connect_now(cache);
}

/* ---- calls ---- */

/* One call of a script, as it is built (RESP: redis.io/docs/reference/protocol-spec). */
struct call {
	struct cache *cache;
	const struct cache_entry *entries;
	size_t count;
	enum cache_script script;
	bool whole; /* send the script itself: Redis has forgotten it */
};

static void put_bytes_of(struct cache *cache, const char *bytes, size_t size)
{
	buffer_format(&cache->command, "$%zu\r\n", size);
	buffer_add(&cache->command, bytes, size);
	buffer_add(&cache->command, "\r\n", 2);
}

static void put_word(struct cache *cache, const char *word)
{
	put_bytes_of(cache, word, strlen(word));
}

static void put_number(struct cache *cache, int64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, number);
	put_word(cache, text);
}

/* V<epoch>:<sequence>|<bytes>; `by` is "w" where a writer leaves it. */
static void put_value(struct cache *cache, int64_t epoch, const char *by, const struct cache_entry *entry)
{
	char head[64];
	size_t size = (size_t)snprintf(head, sizeof head, "V%" PRId64 ":%" PRId64 "%s|", epoch, entry->sequence, by);

	buffer_format(&cache->command, "$%zu\r\n%s", size + entry->value.size, head);
	buffer_add(&cache->command, entry->value.bytes, entry->value.size);
	buffer_add(&cache->command, "\r\n", 2);
}

static void put_keys(const struct call *call, size_t argument_count)
{
	struct cache *cache = call->cache;
	bool own_key = call->script == SCRIPT_READ;
	size_t key_count = call->count + own_key;

	buffer_clear(&cache->command);
	buffer_format(&cache->command, "*%zu\r\n", 3 + key_count + argument_count);
	put_word(cache, call->whole ? "EVAL" : "EVALSHA");
	put_word(cache, call->whole ? cache_scripts[call->script] : cache->sha[call->script]);
	put_number(cache, (int64_t)key_count);
	if (own_key)
		put_word(cache, open_key);
	for (size_t i = 0; i < call->count; i++)
		put_word(cache, call->entries[i].key);
}

typedef void build_function(const struct call *call, const char *name);

/* Sends a call and takes its reply; NULL: it failed, and the connection is closed. */
static redisReply *run(struct call *call, build_function *build, const char *name)
{
	struct cache *cache = call->cache;

	for (;;) {
		build(call, name);
		if (redisAppendFormattedCommand(cache->redis, cache->command.bytes, cache->command.size) != REDIS_OK) {
			lose(cache, cache->redis->errstr);
			return NULL;
		}
		redisReply *reply = take_reply(cache);
		if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
			return reply;
		bool forgotten = !call->whole && strncmp(reply->str, "NOSCRIPT", 8) == 0;
		if (!forgotten)
			lose(cache, reply->str);
		freeReplyObject(reply);
		if (!forgotten)
			return NULL;
		call->whole = true;
	}
}

/* Runs a script over all entries whose reply does not matter, in as few calls as Lua allows: nearly always one. */
static bool run_all(struct call call, size_t total, build_function *build, const char *name)
{
	for (size_t done = 0; done < total; done += call.count, call.entries += call.count) {
		call.count = total - done < CALL_KEYS ? total - done : CALL_KEYS;
		redisReply *reply = run(&call, build, name);
		if (reply == NULL)
			return false;
		freeReplyObject(reply);
	}
	return true;
}

/* ---- reading ---- */

/* `name` is the 12 digits that the leases of this call begin with. */
static void build_read(const struct call *call, const char *name)
{
	struct cache *cache = call->cache;

	put_keys(call, 4);
	put_number(cache, cache->epoch);
	put_word(cache, name);
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

static bool read_some(struct call *call, struct cache_entry *entries, struct arena *arena)
{
	uint64_t prefix = random_next(&call->cache->random) >> 16;
	char name[TOKEN_TEXT + 1];

	snprintf(name, sizeof name, "%012" PRIx64, prefix);
	redisReply *reply = run(call, build_read, name);
	if (reply == NULL)
		return false;
	/* The script numbers its keys from 1, and the first is the cache's own. */
	for (size_t i = 0; i < call->count && i < reply->elements; i++)
		read_item(reply->element[i], &entries[i], prefix << 16 | (i + 2), arena);
	freeReplyObject(reply);
	return true;
}

static bool read_all(struct cache *cache, struct cache_entry *entries, size_t count, struct arena *arena)
{
	if (count == 0 || cache->closed || !ensure(cache))
		return false;
	for (size_t done = 0; done < count; done += CALL_KEYS) {
		size_t some = count - done < CALL_KEYS ? count - done : CALL_KEYS;
		struct call call = {.cache = cache, .entries = entries + done, .count = some, .script = SCRIPT_READ};
		if (!read_some(&call, entries + done, arena))
			return false;
	}
	return true;
}

void cache_read(struct cache *cache, struct cache_entry *entries, size_t count, struct arena *arena)
{
	for (size_t i = 0; i < count; i++) {
		entries[i].value = (struct span){0};
		entries[i].lease = 0;
	}
	cache_reads_count(entries, count, read_all(cache, entries, count, arena));
}

static void build_fill(const struct call *call, const char *name)
{
	struct cache *cache = call->cache;

	(void)name;
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
	/* A lease that was taken before the connection was lost is as good as none. */
	if (count == 0 || cache->closed || cache->redis == NULL)
		return;
	(void)run_all((struct call){.cache = cache, .entries = entries, .script = SCRIPT_FILL}, count, build_fill,
		      NULL);
}

/* ---- writing ---- */

static void build_fence(const struct call *call, const char *name)
{
	put_keys(call, 2);
	put_word(call->cache, name);
	put_number(call->cache, call->cache->config.fence_us / MS_US);
}

static bool fence_some(struct call *call, struct cache_entry *entries)
{
	redisReply *reply = run(call, build_fence, call->cache->fence);
	if (reply == NULL)
		return false;
	for (size_t i = 0; i < call->count && i < reply->elements; i++)
		entries[i].wanted = reply->element[i]->integer != 0;
	freeReplyObject(reply);
	return true;
}

static bool fence_all(struct cache *cache, struct cache_entry *entries, size_t count)
{
	for (size_t done = 0; done < count; done += CALL_KEYS) {
		const size_t some = count - done < CALL_KEYS ? count - done : CALL_KEYS;
		struct call call = {.cache = cache, .entries = entries + done, .count = some, .script = SCRIPT_FENCE};
		if (!fence_some(&call, entries + done))
			return false;
	}
	return true;
}

enum status cache_fence(struct cache *cache, struct cache_entry *entries, size_t count)
{
	if (!cache->wanted || count == 0)
		return OK;
	if (cache->fence_spent)
		snprintf(cache->fence, sizeof cache->fence, "%016" PRIx64, random_next(&cache->random));
	cache->fence_spent = false;
	cache->fence_epoch = cache->epoch;
	if (ensure(cache) && fence_all(cache, entries, count))
		return OK;
	/* Redis may do it yet, when others have written newer values: no write of ours may follow. */
	cache->fence[0] = '\0';
	cache->fence_spent = true;
	return E_UNAVAILABLE;
}

static void build_write(const struct call *call, const char *name)
{
	struct cache *cache = call->cache;

	put_keys(call, 2 + 2 * call->count);
	put_word(cache, name);
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
	/* Several writes may follow one fence; the next fence has another name. */
	cache->fence_spent = true;
	if (count == 0 || !ensure(cache))
		return;
	(void)run_all((struct call){.cache = cache, .entries = entries, .script = SCRIPT_WRITE}, count, build_write,
		      cache->fence);
}
