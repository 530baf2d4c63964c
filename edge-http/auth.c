/* Verification of bearer tokens. The keys and the verified tokens are kept in memory. */
#include "edge/auth.h"

#include <pthread.h>
#include <string.h>

#include "comanda/http.h"
#include "comanda/program.h"
#include "proto/messages.h"

enum { CACHE_SIZE = 4096 }; /* verified tokens */

static const int64_t unknown_key_pause_us = 3 * SECOND_US; /* between fetches because of an unknown key */
static const int64_t no_keys_pause_us = 500 * MS_US;       /* between fetches by requests, while there are no keys */
static const int64_t refresh_interval_us = 1 * MINUTE_US;  /* a withdrawn key is valid for at most this long */
static const int64_t first_pause_us = 10 * MS_US;          /* between the first fetches; it grows up to the longest */
static const int64_t longest_pause_us = 1 * SECOND_US;
static const int64_t startup_grace_us = 1 * SECOND_US; /* nothing is logged before: svc-users may be starting as well */
static const int64_t log_interval_us = 5 * SECOND_US;

struct verified {
	struct uuid token;   /* hash of its text */
	unsigned generation; /* of the keys by which it was verified */
	struct token_claims claims;
};

struct auth {
	fetch_keys_function *fetch;
	void *context;
	pthread_rwlock_t lock; /* of keys, generation, tried_us */
	struct token_keys *keys;
	unsigned generation;        /* changes with the keys; tokens of an older generation are verified again */
	int64_t tried_us;           /* the last fetch, by monotonic_now() */
	pthread_mutex_t fetching;   /* one thread fetches at a time */
	int64_t next_log_us;        /* protected by `fetching` */
	pthread_mutex_t cache_lock; /* of `verified`, and of `stopping` with `wake` */
	pthread_cond_t wake;
	pthread_t refresher;
	bool stopping;
	struct verified verified[CACHE_SIZE];
};

static struct metric token_checks = {.name = "comanda_edge_token_checks_total",
				     .help = "Access tokens checked, by result",
				     .type = COUNTER,
				     .label = "result"};

/* ---- verified tokens ---- */

static struct verified *cache_slot(struct auth *auth, const struct uuid *token)
{
	return &auth->verified[uuid_hash(token) % CACHE_SIZE];
}

static bool cache_find(struct auth *auth, const struct uuid *token, int64_t now_us, struct caller *ret_caller)
{
	const struct verified *cached = cache_slot(auth, token);
	unsigned generation = 0;
	bool good = false;

	pthread_rwlock_rdlock(&auth->lock);
	generation = auth->generation;
	pthread_rwlock_unlock(&auth->lock);
	pthread_mutex_lock(&auth->cache_lock);
	good = cached->generation == generation && uuid_equal(&cached->token, token) &&
	       now_us < cached->claims.expires_us;
	if (good)
		*ret_caller = cached->claims.caller;
	pthread_mutex_unlock(&auth->cache_lock);
	return good;
}

static void cache_store(struct auth *auth, const struct verified *verified)
{
	pthread_mutex_lock(&auth->cache_lock);
	*cache_slot(auth, &verified->token) = *verified;
	pthread_mutex_unlock(&auth->cache_lock);
}

/* ---- keys ---- */

static void keys_replace(struct auth *auth, struct token_keys *keys)
{
	struct token_keys *old = NULL;

	pthread_rwlock_wrlock(&auth->lock);
	old = auth->keys;
	auth->keys = keys;
	auth->generation++;
	pthread_rwlock_unlock(&auth->lock);
	token_keys_free(old);
}

/* Whether a request must fetch the keys: there are none, or its token names an unknown one. */
static bool fetch_is_needed(struct auth *auth, bool unknown_key)
{
	int64_t since_try = 0;
	bool none = false;

	pthread_rwlock_rdlock(&auth->lock);
	none = auth->keys == NULL;
	since_try = monotonic_now() - auth->tried_us;
	pthread_rwlock_unlock(&auth->lock);
	if (none)
		return since_try >= no_keys_pause_us;
	return unknown_key && since_try >= unknown_key_pause_us;
}

bool auth_has_keys(struct auth *auth)
{
	pthread_rwlock_rdlock(&auth->lock);
	const bool some = auth->keys != NULL;
	pthread_rwlock_unlock(&auth->lock);
	return some;
}

static void log_missing_keys(struct auth *auth, enum status status)
{
	if (monotonic_now() < auth->next_log_us)
		return;
	auth->next_log_us = monotonic_now() + log_interval_us;
	log_warn("auth.keys", kv_text("status", status_rule(status)->code),
		 kv_text("detail", "cannot fetch the keys of svc-users; the known keys stay in use"));
}

static void fetch_now(struct auth *auth, struct arena *arena)
{
	struct token_keys *keys = NULL;
	struct span jwks = {NULL, 0};
	enum status status = auth->fetch(auth->context, arena, &jwks);

	if (status == OK)
		status = token_keys_load(jwks, comanda_contract.roles, &keys);
	if (status == OK)
		keys_replace(auth, keys);
	else
		log_missing_keys(auth, status);
	pthread_rwlock_wrlock(&auth->lock);
	auth->tried_us = monotonic_now();
	pthread_rwlock_unlock(&auth->lock);
}

/* E_UNAVAILABLE: another thread is fetching the keys. Nobody waits for it: while svc-users hangs, a few tokens would
 * hold all threads. */
static enum status fetch_if_needed(struct auth *auth, bool unknown_key, struct arena *arena)
{
	if (!fetch_is_needed(auth, unknown_key))
		return OK;
	if (pthread_mutex_trylock(&auth->fetching) != 0)
		return E_UNAVAILABLE;
	if (fetch_is_needed(auth, unknown_key))
		fetch_now(auth, arena);
	pthread_mutex_unlock(&auth->fetching);
	return OK;
}

/* ---- start and stop ---- */

/* False: the edge stops. */
static bool wait_for_refresh(struct auth *auth, int64_t pause_us)
{
	const int64_t end_us = monotonic_now() + pause_us;

	pthread_mutex_lock(&auth->cache_lock);
	while (!auth->stopping && condition_wait(&auth->wake, &auth->cache_lock, end_us)) {
	}
	const bool go_on = !auth->stopping;
	pthread_mutex_unlock(&auth->cache_lock);
	return go_on;
}

/* The thread that fetches the keys: the first ones with growing pauses, and then once per minute. */
static void *refresh(void *context)
{
	struct auth *auth = context;
	struct arena arena;
	int64_t pause = first_pause_us;

	log_thread("keys");
	arena_init(&arena);
	do {
		pthread_mutex_lock(&auth->fetching);
		if (pause == refresh_interval_us ||
		    !auth_has_keys(auth)) /* a request may have fetched the first keys */
			fetch_now(auth, &arena);
		pthread_mutex_unlock(&auth->fetching);
		arena_reset(&arena);
		pause = pause * 3 / 2 < longest_pause_us ? pause * 3 / 2 : longest_pause_us;
		if (auth_has_keys(auth))
			pause = refresh_interval_us;
	} while (wait_for_refresh(auth, pause));
	arena_done(&arena);
	return NULL;
}

struct auth *auth_new(fetch_keys_function *fetch, void *context)
{
	struct auth *auth = mem_new(1, sizeof(*auth));

	auth->fetch = fetch;
	auth->context = context;
	auth->generation = 1;
	auth->tried_us = INT64_MIN / 2;
	auth->next_log_us = monotonic_now() + startup_grace_us;
	pthread_rwlock_init(&auth->lock, NULL);
	pthread_mutex_init(&auth->fetching, NULL);
	pthread_mutex_init(&auth->cache_lock, NULL);
	condition_init(&auth->wake);
	if (pthread_create(&auth->refresher, NULL, refresh, auth) != 0)
		abort(); /* as when there is no memory */
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	pthread_mutex_lock(&auth->cache_lock);
	auth->stopping = true;
	pthread_cond_signal(&auth->wake);
	pthread_mutex_unlock(&auth->cache_lock);
	pthread_join(auth->refresher, NULL);
	token_keys_free(auth->keys);
	pthread_rwlock_destroy(&auth->lock);
	pthread_mutex_destroy(&auth->fetching);
	pthread_mutex_destroy(&auth->cache_lock);
	pthread_cond_destroy(&auth->wake);
	free(auth);
}

/* ---- verifying ---- */

bool auth_remembers(struct auth *auth, const char *token, struct caller *ret_caller)
{
	const struct uuid id = uuid_of_text("access-token", token, strlen(token));

	if (!cache_find(auth, &id, timestamp_now(), ret_caller))
		return false;
	metric_add(&token_checks, "cached", 1);
	return true;
}

static enum status verify_now(struct auth *auth, const char *token, int64_t now_us, struct verified *ret_verified)
{
	enum status status = E_UNAVAILABLE;

	pthread_rwlock_rdlock(&auth->lock);
	if (auth->keys != NULL)
		status = token_verify(auth->keys, token, now_us, &ret_verified->claims);
	ret_verified->generation = auth->generation;
	pthread_rwlock_unlock(&auth->lock);
	return status;
}

enum status auth_verify(struct auth *auth, const char *token, struct arena *arena, struct caller *ret_caller)
{
	int64_t now_us = timestamp_now();
	struct verified verified = {.token = uuid_of_text("access-token", token, strlen(token))};
	enum status status = OK;

	(void)fetch_if_needed(auth, false, arena); /* without keys, verify_now returns E_UNAVAILABLE */
	if (cache_find(auth, &verified.token, now_us, ret_caller)) {
		metric_add(&token_checks, "cached", 1);
		return OK;
	}
	status = verify_now(auth, token, now_us, &verified);
	if (status == E_NOT_FOUND) {
		status = fetch_if_needed(auth, true, arena);
		if (status == OK)
			status = verify_now(auth, token, now_us, &verified);
	}
	if (status == E_NOT_FOUND)
		status = E_UNAUTHENTICATED; /* no known key has signed it */
	metric_add(&token_checks, status == OK ? "verified" : "refused", 1);
	if (status != OK)
		return status;
	cache_store(auth, &verified);
	*ret_caller = verified.claims.caller;
	return OK;
}
