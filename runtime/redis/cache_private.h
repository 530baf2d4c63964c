/* What the files of the cache share: its connection and its script calls. No other folder includes it. */
#ifndef REDIS_CACHE_PRIVATE_H
#define REDIS_CACHE_PRIVATE_H

#include <hiredis/hiredis.h>

#include "config/url.h"
#include "core/backoff.h"
#include "redis/cache.h"
#include "redis/scripts.h"

enum { SHA_TEXT = 40, TOKEN_TEXT = 16 };

struct cache {
	redisContext *redis; /* NULL: not connected */
	bool enabled;        /* a URL was given */
	struct arena arena;  /* the parts of `url` */
	struct url url;
	struct cache_config config;
	struct backoff backoff;
	char sha[SCRIPT_COUNT][SHA_TEXT + 1];
	struct buffer command;
	uint64_t random;     /* random_next() */
	int64_t epoch;       /* of reads and fills */
	bool bypass;         /* reads and fills do nothing */
	int64_t fence_epoch; /* the epoch at the fence: the value that is written is not newer */
	char fence[TOKEN_TEXT + 1];
	bool fence_used; /* the next fence needs a new token */
};

/* ---- the connection (connection.c) ---- */

/* Whether there is a connection; connects if a try is due. */
bool cache_connect(struct cache *cache);
/* Closes the connection after a failure, and sets when the next try is due. */
void cache_disconnect(struct cache *cache, const char *reason);
/* The next reply, freed by the caller. NULL: the connection was lost, and is closed. An error reply of Redis is
 * returned like any other. */
redisReply *cache_reply(struct cache *cache);

/* ---- script calls (script_call.c) ---- */

/* One call of a script. */
struct script_call {
	struct cache *cache;
	const struct cache_entry *entries;
	size_t count;
	enum cache_script script;
	bool with_source; /* send the script itself: Redis does not have it any more */
};

enum { CALL_KEYS_MAX = 1000 /* of one call: unpack() of Lua takes some thousands */ };

/* Writes the arguments of a call into cache->command, with put_keys first. */
typedef void build_function(const struct script_call *call, const char *token);

/* Makes one call and returns its reply, freed by the caller. NULL: it failed, and the connection is closed. */
redisReply *script_call_run(struct script_call *call, build_function *build, const char *token);
/* Calls a script for `total` entries, in as few calls as Lua allows: nearly always one. The replies do not matter.
 * False: a call failed. */
bool script_call_run_all(struct script_call call, size_t total, build_function *build, const char *token);

/* The parts of a command (RESP: redis.io/docs/reference/protocol-spec). The command's head with all keys: */
void put_keys(const struct script_call *call, size_t argument_count);
void put_word(struct cache *cache, const char *word);
void put_number(struct cache *cache, int64_t number);
/* V<epoch>:<sequence>|<bytes> (redis/scripts.h); `writer_mark` is "w" in a value that a writer leaves, else "". */
void put_value(struct cache *cache, int64_t epoch, const char *writer_mark, const struct cache_entry *entry);

#endif
