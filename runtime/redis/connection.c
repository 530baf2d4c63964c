/* The connection to Redis: signing in, loading the scripts, and trying again after a failure.
 *
 * The first failure closes the connection. Redis may still do what was in flight, later. Every script is safe then,
 * because the names of leases and fences are never used twice. */
#include "redis/cache_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "core/timestamp.h"
#include "telemetry/connection_metrics.h"
#include "telemetry/log.h"

enum { REDIS_PORT = 6379 };

void cache_disconnect(struct cache *cache, const char *reason)
{
	if (!backoff_is_failing(&cache->backoff))
		log_warn("cache.unavailable", kv_text("host", cache->url.host), kv_text("detail", reason));
	if (cache->redis != NULL)
		redisFree(cache->redis);
	cache->redis = NULL;
	backoff_failed(&cache->backoff, monotonic_now());
}

redisReply *cache_reply(struct cache *cache)
{
	void *reply = NULL;

	if (redisGetReply(cache->redis, &reply) == REDIS_OK)
		return reply;
	bool late = cache->redis->err == REDIS_ERR_IO && errno == EAGAIN;
	cache_disconnect(cache, late ? "no answer in time" : cache->redis->errstr);
	return NULL;
}

/* Takes a reply that must not be an error. Copies its text into `ret_text`, unless that is NULL. */
static bool expect_reply(struct cache *cache, char *ret_text, size_t text_size)
{
	redisReply *reply = cache_reply(cache);
	bool good = reply != NULL && reply->type != REDIS_REPLY_ERROR;

	if (reply != NULL && !good)
		cache_disconnect(cache, reply->str);
	if (good && ret_text != NULL)
		snprintf(ret_text, text_size, "%s", reply->str == NULL ? "" : reply->str);
	if (reply != NULL)
		freeReplyObject(reply);
	return good;
}

/* Signs in, selects the database and loads the scripts, in one round trip. */
static bool sign_in(struct cache *cache)
{
	const struct url *url = &cache->url;
	int setup_replies = 0;

	if (url->user[0] != '\0')
		setup_replies += redisAppendCommand(cache->redis, "AUTH %s %s", url->user, url->password) == REDIS_OK;
	else if (url->password[0] != '\0')
		setup_replies += redisAppendCommand(cache->redis, "AUTH %s", url->password) == REDIS_OK;
	if (url->path[0] != '\0')
		setup_replies += redisAppendCommand(cache->redis, "SELECT %s", url->path) == REDIS_OK;
	for (int i = 0; i < SCRIPT_COUNT; i++)
		redisAppendCommand(cache->redis, "SCRIPT LOAD %s", cache_scripts[i]);

	while (setup_replies-- > 0)
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

static bool try_connect(struct cache *cache)
{
	struct timeval wait = time_value(cache->config.wait_us);
	int port = cache->url.port == 0 ? REDIS_PORT : cache->url.port;

	cache->redis = redisConnectWithTimeout(cache->url.host, port, wait);
	if (cache->redis == NULL || cache->redis->err != 0) {
		cache_disconnect(cache, cache->redis == NULL ? "out of memory" : cache->redis->errstr);
		return false;
	}
	redisSetTimeout(cache->redis, wait);
	redisEnableKeepAlive(cache->redis);
	if (!sign_in(cache))
		return false;
	if (backoff_is_failing(&cache->backoff))
		log_info("cache.available", kv_text("host", cache->url.host));
	backoff_connected(&cache->backoff, monotonic_now());
	return true;
}

static bool connect_now(struct cache *cache)
{
	const bool opened = try_connect(cache);

	connection_attempts_count("cache", opened);
	return opened;
}

/* Between calls Redis sends nothing but the end of the connection. */
static bool is_closed_by_redis(const struct cache *cache)
{
	struct pollfd socket = {.fd = cache->redis->fd, .events = POLLIN};

	return poll(&socket, 1, 0) > 0;
}

bool cache_connect(struct cache *cache)
{
	if (cache->redis != NULL && !is_closed_by_redis(cache))
		return true;
	if (cache->redis != NULL)
		redisFree(cache->redis);
	cache->redis = NULL;
	if (!cache->enabled || cache->url.host[0] == '\0' || !backoff_is_due(&cache->backoff, monotonic_now()))
		return false;
	return connect_now(cache);
}
