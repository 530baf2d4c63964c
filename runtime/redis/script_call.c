/* Calls of the cache's scripts: one command with all keys, and one reply. */
#include "redis/cache_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The key that holds the time from which leases are given: SCRIPT_READ explains it. */
static const char leases_key[] = "cache:leases-open-at";

static void put_bytes(struct cache *cache, const char *bytes, size_t size)
{
	buffer_format(&cache->command, "$%zu\r\n", size);
	buffer_add(&cache->command, bytes, size);
	buffer_add(&cache->command, "\r\n", 2);
}

void put_word(struct cache *cache, const char *word)
{
	put_bytes(cache, word, strlen(word));
}

void put_number(struct cache *cache, int64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, number);
	put_word(cache, text);
}

void put_value(struct cache *cache, int64_t epoch, const char *writer_mark, const struct cache_entry *entry)
{
	char head[64];
	size_t size =
		(size_t)snprintf(head, sizeof head, "V%" PRId64 ":%" PRId64 "%s|", epoch, entry->sequence, writer_mark);

	buffer_format(&cache->command, "$%zu\r\n%s", size + entry->value.size, head);
	buffer_add(&cache->command, entry->value.bytes, entry->value.size);
	buffer_add(&cache->command, "\r\n", 2);
}

void put_keys(const struct script_call *call, size_t argument_count)
{
	struct cache *cache = call->cache;
	bool has_leases_key = call->script == SCRIPT_READ;
	size_t key_count = call->count + has_leases_key;

	buffer_clear(&cache->command);
	buffer_format(&cache->command, "*%zu\r\n", 3 + key_count + argument_count);
	put_word(cache, call->with_source ? "EVAL" : "EVALSHA");
	put_word(cache, call->with_source ? cache_scripts[call->script] : cache->sha[call->script]);
	put_number(cache, (int64_t)key_count);
	if (has_leases_key)
		put_word(cache, leases_key);
	for (size_t i = 0; i < call->count; i++)
		put_word(cache, call->entries[i].key);
}

redisReply *script_call_run(struct script_call *call, build_function *build, const char *token)
{
	struct cache *cache = call->cache;

	for (;;) {
		build(call, token);
		if (redisAppendFormattedCommand(cache->redis, cache->command.bytes, cache->command.size) != REDIS_OK) {
			cache_disconnect(cache, cache->redis->errstr);
			return NULL;
		}
		redisReply *reply = cache_reply(cache);
		if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
			return reply;
		bool unknown = !call->with_source && strncmp(reply->str, "NOSCRIPT", 8) == 0;
		if (!unknown)
			cache_disconnect(cache, reply->str);
		freeReplyObject(reply);
		if (!unknown)
			return NULL;
		call->with_source = true;
	}
}

bool script_call_run_all(struct script_call call, size_t total, build_function *build, const char *token)
{
	for (size_t done = 0; done < total; done += call.count, call.entries += call.count) {
		call.count = total - done < CALL_KEYS_MAX ? total - done : CALL_KEYS_MAX;
		redisReply *reply = script_call_run(&call, build, token);
		if (reply == NULL)
			return false;
		freeReplyObject(reply);
	}
	return true;
}
