/* Bearer tokens, with the keys and the verified tokens remembered. */
#include "edge/auth.h"

#include <pthread.h>
#include <string.h>

#include "core/wake.h"
#include "jwt/token.h"
#include "proto/messages.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum { REMEMBERED = 4096 }; /* verified tokens; a power of two */

static const int64_t refetch_pause_us = 3 * SECOND_US; /* between two fetches because of an unknown key */
static const int64_t retry_pause_us = 500 * MS_US; /* between two tries of requests while there are no keys at all */
static const int64_t refresh_us = 1 * MINUTE_US;   /* so that a withdrawn key is forgotten */
static const int64_t first_pause_us = 10 * MS_US,
		     longest_pause_us = 1 * SECOND_US; /* between two tries for the first */
static const int64_t silence_us = 1 * SECOND_US;       /* a program that starts is not away yet */
static const int64_t complaint_us = 5 * SECOND_US;

struct verified {
	struct uuid token; /* hash of its text */
	unsigned generation;
	struct token_claims claims;
};

struct auth {
	fetch_keys_function *fetch;
	void *context;
	pthread_rwlock_t lock; /* keys, generation, tried_us */
	struct token_keys *keys;
	unsigned generation; /* of the keys: what was verified by older ones is verified again */
	int64_t tried_us;
	pthread_mutex_t fetching; /* one at a time; whoever waited for it looks at what the other found */
	int64_t next_complaint;   /* belongs to whoever is fetching */
	pthread_mutex_t memory;   /* verified; and stopping, with `wake` */
	pthread_cond_t wake;
	pthread_t refresher; /* asks anew now and then, so that no request has to wait for that */
	bool stopping;
	struct verified verified[REMEMBERED];
};

static struct metric verifications = {.name = "comanda_edge_token_checks_total",
				      .help = "Access tokens checked, by result",
				      .type = COUNTER,
				      .label = "result"};

/* ---- verified tokens ---- */

static struct verified *place_of(struct auth *auth, const struct uuid *token)
{
	return &auth->verified[uuid_hash(token) % REMEMBERED];
}

static bool recall(struct auth *auth, const struct uuid *token, int64_t now_us, struct caller *ret_caller)
{
	const struct verified *known = place_of(auth, token);
	unsigned generation = 0;
	bool good = false;

	pthread_rwlock_rdlock(&auth->lock);
	generation = auth->generation;
	pthread_rwlock_unlock(&auth->lock);
	pthread_mutex_lock(&auth->memory);
	good = known->generation == generation && uuid_equal(&known->token, token) && now_us < known->claims.expires_us;
	if (good)
		*ret_caller = known->claims.caller;
	pthread_mutex_unlock(&auth->memory);
	return good;
}

static void remember(struct auth *auth, const struct verified *verified)
{
	pthread_mutex_lock(&auth->memory);
	*place_of(auth, &verified->token) = *verified;
	pthread_mutex_unlock(&auth->memory);
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

/* Whether a request should ask for keys now: there are none, or its token names one that is not here. */
static bool fetch_is_due(struct auth *auth, bool unknown_key)
{
	int64_t since_try = 0;
	bool none = false;

	pthread_rwlock_rdlock(&auth->lock);
	none = auth->keys == NULL;
	since_try = monotonic_now() - auth->tried_us;
	pthread_rwlock_unlock(&auth->lock);
	if (none)
		return since_try >= retry_pause_us;
	return unknown_key && since_try >= refetch_pause_us;
}

bool auth_has_keys(struct auth *auth)
{
	pthread_rwlock_rdlock(&auth->lock);
	const bool some = auth->keys != NULL;
	pthread_rwlock_unlock(&auth->lock);
	return some;
}

static void say_missing(struct auth *auth, enum status status)
{
	if (monotonic_now() < auth->next_complaint)
		return;
	auth->next_complaint = monotonic_now() + complaint_us;
	log_warn("auth.keys", kv_text("status", status_rule(status)->code),
		 kv_text("detail", "the keys of svc-users cannot be had; those known stay in use"));
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
		say_missing(auth, status);
	pthread_rwlock_wrlock(&auth->lock);
	auth->tried_us = monotonic_now();
	pthread_rwlock_unlock(&auth->lock);
}

/* Waits where another thread is asking already. */
static void fetch_if_due(struct auth *auth, bool unknown_key, struct arena *arena)
{
	if (!fetch_is_due(auth, unknown_key))
		return;
	pthread_mutex_lock(&auth->fetching);
	if (fetch_is_due(auth, unknown_key))
		fetch_now(auth, arena);
	pthread_mutex_unlock(&auth->fetching);
}

/* ---- life ---- */

/* False: told to stop. */
static bool wait_for_refresh(struct auth *auth, int64_t pause_us)
{
	const int64_t end_us = monotonic_now() + pause_us;

	pthread_mutex_lock(&auth->memory);
	while (!auth->stopping && condition_wait(&auth->wake, &auth->memory, end_us)) {
	}
	const bool go_on = !auth->stopping;
	pthread_mutex_unlock(&auth->memory);
	return go_on;
}

/* Asks for the first keys until it has them, then anew every minute. */
static void *refresh(void *context)
{
	struct auth *auth = context;
	struct arena arena;
	int64_t pause = first_pause_us;

	log_thread("keys");
	arena_init(&arena);
	do {
		pthread_mutex_lock(&auth->fetching);
		if (pause == refresh_us || !auth_has_keys(auth)) /* a request may have been quicker */
			fetch_now(auth, &arena);
		pthread_mutex_unlock(&auth->fetching);
		arena_reset(&arena);
		pause = pause * 3 / 2 < longest_pause_us ? pause * 3 / 2 : longest_pause_us;
		if (auth_has_keys(auth))
			pause = refresh_us;
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
	auth->next_complaint = monotonic_now() + silence_us;
	pthread_rwlock_init(&auth->lock, NULL);
	pthread_mutex_init(&auth->fetching, NULL);
	pthread_mutex_init(&auth->memory, NULL);
	condition_init(&auth->wake);
	if (pthread_create(&auth->refresher, NULL, refresh, auth) != 0)
		abort(); /* as when there is no memory */
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	pthread_mutex_lock(&auth->memory);
	auth->stopping = true;
	pthread_cond_signal(&auth->wake);
	pthread_mutex_unlock(&auth->memory);
	pthread_join(auth->refresher, NULL);
	token_keys_free(auth->keys);
	pthread_rwlock_destroy(&auth->lock);
	pthread_mutex_destroy(&auth->fetching);
	pthread_mutex_destroy(&auth->memory);
	pthread_cond_destroy(&auth->wake);
	free(auth);
}

/* ---- verifying ---- */

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

	fetch_if_due(auth, false, arena);
	if (recall(auth, &verified.token, now_us, ret_caller)) {
		metric_add(&verifications, "cached", 1);
		return OK;
	}
	status = verify_now(auth, token, now_us, &verified);
	if (status == E_NOT_FOUND) {
		fetch_if_due(auth, true, arena);
		status = verify_now(auth, token, now_us, &verified);
	}
	if (status == E_NOT_FOUND)
		status = E_UNAUTHENTICATED; /* signed by nobody we know */
	metric_add(&verifications, status == OK ? "verified" : "refused", 1);
	if (status != OK)
		return status;
	remember(auth, &verified);
	*ret_caller = verified.claims.caller;
	return OK;
}
