/* Bearer tokens: when the keys are fetched, and which tokens are accepted meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edge/auth.h"
#include "jwt/token.h"
#include "proto/messages.h"
#include "json/json.h"

/* Two keys that are used only by these tests. */
static const char first_pem[] = "-----BEGIN PRIVATE KEY-----\n"
				"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgA66r5lWPLYshHkXI\n"
				"DeOwZxugfpcTHbvLR6oyc/XQ61WhRANCAAT0Rtmj+niKrFXNrJW9mz7/TaEhbizx\n"
				"vp8/e998xpBvhYJoopLznBJQHWwkZQ49A8P5DdbmsjBI2sTxlU656PY9\n"
				"-----END PRIVATE KEY-----\n";
static const char second_pem[] = "-----BEGIN PRIVATE KEY-----\n"
				 "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgaVt6dd1eVUHpZphb\n"
				 "iutAD4OpAyhvsBYMReJ2Ew9q0SyhRANCAATUaaXbrDllJcUgYADAEMUuy5+pmclW\n"
				 "UchTGOwR2bOPSYRR8dpKRk/uHtBeJn7s5ABQdzFNp+NlerZ39pxldelI\n"
				 "-----END PRIVATE KEY-----\n";

enum { FOR_GOOD = 1000000 };

static struct arena arena;
static struct token_key *first, *second;
static struct auth *auth;

/* A stub of svc-users. */
static struct users {
	atomic_int away; /* fetches that fail before one succeeds */
	const struct token_key *published;
	atomic_int fetches;
	atomic_bool hangs; /* a fetch ends when this is false again */
} users;

static enum status fetch(void *context, struct arena *into, struct span *ret_jwks)
{
	struct users *stub = context;
	const int64_t until = monotonic_now() + 5 * SECOND_US; /* so that a fault fails the test and does not hang it */

	atomic_fetch_add(&stub->fetches, 1);
	while (atomic_load(&stub->hangs) && monotonic_now() < until)
		sched_yield();
	if (atomic_fetch_sub(&stub->away, 1) > 0)
		return E_UNAVAILABLE;
	*ret_jwks = span_of(arena_format(into, "{\"keys\":[%s]}", token_key_jwk(stub->published)));
	return OK;
}

static void await_keys(void)
{
	const int64_t until = monotonic_now() + 30 * SECOND_US;

	while (!auth_has_keys(auth) && monotonic_now() < until)
		sched_yield();
	assert_true(auth_has_keys(auth));
}

/* Begins with a new auth, whose first `away` fetches fail. */
static void begin(int away)
{
	auth_free(auth);
	atomic_store(&users.away, away);
	atomic_store(&users.fetches, 0);
	auth = auth_new(fetch, &users);
	if (away == 0)
		await_keys();
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	assert_int_equal(token_key_load(first_pem, comanda_contract.roles, &first), OK);
	assert_int_equal(token_key_load(second_pem, comanda_contract.roles, &second), OK);
	users.published = first;
	auth = NULL;
	begin(0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	auth_free(auth);
	token_key_free(first);
	token_key_free(second);
	arena_done(&arena);
	return 0;
}

static const char *token_by(const struct token_key *key, int64_t ttl_us)
{
	int64_t now_us = timestamp_now();
	struct token_claims claims = {
		.caller = {.user_id = uuid_new(now_us), .session_id = uuid_new(now_us), .role = CALLER_CUSTOMER},
		.issued_us = now_us - HOUR_US,
		.expires_us = now_us + ttl_us};
	const char *token = NULL;

	assert_int_equal(token_sign(key, &claims, &arena, &token), OK);
	return token;
}

static enum status verify(const char *token)
{
	struct caller caller;

	return auth_verify(auth, token, &arena, &caller);
}

static void fetches_the_keys_once_and_caches_verified_tokens(void **state)
{
	const char *token = token_by(first, MINUTE_US);

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(verify(token), OK);
	assert_int_equal(verify(token_by(first, MINUTE_US)), OK);
	assert_int_equal(atomic_load(&users.fetches), 1);
}

static void returns_unavailable_without_keys_and_limits_the_fetches(void **state)
{
	const int64_t since = monotonic_now();

	(void)state;
	begin(FOR_GOOD);
	for (int i = 0; i < 10; i++)
		assert_int_equal(verify(token_by(first, MINUTE_US)), E_UNAVAILABLE);
	assert_false(auth_has_keys(auth));
	assert_in_range(atomic_load(&users.fetches), 1, 2 + (monotonic_now() - since) / (10 * MS_US));
}

static void fetches_the_first_keys_in_the_background_until_they_arrive(void **state)
{
	(void)state;
	begin(5);
	await_keys();
	assert_int_equal(atomic_load(&users.fetches), 6);
	assert_int_equal(verify(token_by(first, MINUTE_US)), OK);
	assert_int_equal(atomic_load(&users.fetches), 6);
}

static void keeps_its_keys_while_users_is_away(void **state)
{
	(void)state;
	assert_int_equal(verify(token_by(first, MINUTE_US)), OK);
	atomic_store(&users.away, FOR_GOOD);
	assert_int_equal(verify(token_by(second, MINUTE_US)), E_UNAUTHENTICATED);
	assert_int_equal(verify(token_by(first, MINUTE_US)), OK);
	assert_true(auth_has_keys(auth));
}

static void limits_the_fetches_because_of_unknown_keys(void **state)
{
	(void)state;
	assert_int_equal(verify(token_by(first, MINUTE_US)), OK);
	for (int i = 0; i < 10; i++)
		assert_int_equal(verify(token_by(second, MINUTE_US)), E_UNAUTHENTICATED);
	assert_in_range(atomic_load(&users.fetches), 1, 2);
}

static void *verify_unknown(void *token)
{
	return (void *)(intptr_t)verify(token);
}

static void one_thread_waits_for_the_keys_while_users_hangs(void **state)
{
	static char tokens[8][2048];
	pthread_t threads[8];
	int64_t since = 0;
	bool in_time = false;

	(void)state;
	for (int i = 0; i < 8; i++)
		snprintf(tokens[i], sizeof(tokens[i]), "%s", token_by(second, MINUTE_US));
	(void)usleep(3 * SECOND_US + MS_US); /* an unknown key leads to one fetch per 3 s */
	atomic_store(&users.hangs, true);
	pthread_create(&threads[0], NULL, verify_unknown, tokens[0]);
	while (atomic_load(&users.fetches) < 2)
		sched_yield();
	since = monotonic_now();
	for (int i = 1; i < 8; i++)
		assert_int_equal(verify(tokens[i]), E_UNAVAILABLE);
	assert_int_equal(verify(token_by(first, MINUTE_US)), OK);
	in_time = monotonic_now() - since < SECOND_US;
	atomic_store(&users.hangs, false);
	pthread_join(threads[0], NULL);
	assert_true(in_time);
	assert_int_equal(verify(tokens[1]), E_UNAUTHENTICATED);
}

static void remembers_only_verified_tokens(void **state)
{
	const char *token = token_by(first, MINUTE_US), *forged = token_by(second, MINUTE_US);
	struct caller caller;

	(void)state;
	assert_false(auth_remembers(auth, token, &caller));
	assert_int_equal(verify(token), OK);
	assert_true(auth_remembers(auth, token, &caller));
	assert_int_equal(caller.role, CALLER_CUSTOMER);
	assert_int_equal(verify(forged), E_UNAUTHENTICATED);
	assert_false(auth_remembers(auth, forged, &caller));
}

static void refuses_an_expired_token_each_time(void **state)
{
	const char *token = token_by(first, -MINUTE_US);

	(void)state;
	assert_int_equal(verify(token), E_UNAUTHENTICATED);
	assert_int_equal(verify(token), E_UNAUTHENTICATED);
}

static void returns_the_caller_of_each_token(void **state)
{
	int64_t now_us = timestamp_now();
	struct token_claims claims = {.issued_us = now_us, .expires_us = now_us + MINUTE_US};
	struct caller caller;
	const char *tokens[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		claims.caller = (struct caller){.user_id = {{(uint8_t)(i + 1)}},
						.session_id = {{1}},
						.role = i == 1 ? CALLER_ADMIN : CALLER_CUSTOMER};
		assert_int_equal(token_sign(first, &claims, &arena, &tokens[i]), OK);
	}
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(auth_verify(auth, tokens[i % 3], &arena, &caller), OK);
		assert_int_equal(caller.user_id.bytes[0], i % 3 + 1);
		assert_int_equal(caller.role, i % 3 == 1 ? CALLER_ADMIN : CALLER_CUSTOMER);
	}
}

static void *verify_many(void *tokens_)
{
	const char *const *tokens = tokens_;
	struct arena own;
	struct caller caller;
	intptr_t good = 0;

	arena_init(&own);
	for (int i = 0; i < 200; i++)
		good += auth_verify(auth, tokens[i % 4], &own, &caller) == OK;
	arena_done(&own);
	return (void *)good;
}

static void serves_many_threads_with_one_fetch(void **state)
{
	const char *tokens[4];
	pthread_t threads[8];

	(void)state;
	for (int i = 0; i < 4; i++)
		tokens[i] = token_by(first, MINUTE_US);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, verify_many, tokens);
	for (int i = 0; i < 8; i++) {
		void *good = NULL;

		pthread_join(threads[i], &good);
		assert_int_equal((intptr_t)good, 200);
	}
	assert_int_equal(atomic_load(&users.fetches), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fetches_the_keys_once_and_caches_verified_tokens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(returns_unavailable_without_keys_and_limits_the_fetches, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(fetches_the_first_keys_in_the_background_until_they_arrive, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(keeps_its_keys_while_users_is_away, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits_the_fetches_because_of_unknown_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_thread_waits_for_the_keys_while_users_hangs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(remembers_only_verified_tokens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_an_expired_token_each_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(returns_the_caller_of_each_token, set_up, tear_down),
		cmocka_unit_test_setup_teardown(serves_many_threads_with_one_fetch, set_up, tear_down),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
