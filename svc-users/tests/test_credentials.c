/* Passwords and refresh tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "users/credentials/credentials.h"

static int open_arena(void **state)
{
	struct arena *arena = mem_new(1, sizeof(*arena));

	arena_init(arena);
	*state = arena;
	return 0;
}

static int close_arena(void **state)
{
	arena_done(*state);
	free(*state);
	return 0;
}

static void matches_the_password_of_a_hash(void **state)
{
	const char *hash = NULL;

	assert_int_equal(password_hash("correct horse", *state, &hash), OK);
	assert_true(password_matches(hash, "correct horse"));
	assert_false(password_matches(hash, "correct horse "));
	assert_false(password_matches(hash, ""));
}

static void hashes_by_argon2id_with_19_mib_and_two_passes(void **state)
{
	const char *parameters = "$argon2id$v=19$m=19456,t=2,p=1$", *hash = NULL, *other = NULL;

	assert_int_equal(password_hash("correct horse", *state, &hash), OK);
	assert_int_equal(password_hash("correct horse", *state, &other), OK);
	assert_memory_equal(hash, parameters, strlen(parameters));
	assert_string_not_equal(hash, other);
}

static void matches_no_password_without_a_hash(void **state)
{
	(void)state;
	assert_false(password_matches(NULL, ""));
	assert_false(password_matches(NULL, "correct horse"));
}

static void makes_tokens_that_name_their_session_and_differ(void **state)
{
	const struct uuid session_id = uuid_of_text("session", "a", 1);
	const char *token = refresh_token_new(&session_id, *state), *other = refresh_token_new(&session_id, *state);
	struct uuid found;

	assert_int_equal(refresh_token_session(token, &found), OK);
	assert_true(uuid_equal(&found, &session_id));
	assert_string_not_equal(token, other);
	const struct token_hash a = refresh_token_hash(token), b = refresh_token_hash(token),
				c = refresh_token_hash(other);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(&a, &c, sizeof(a));
}

#define HOLDS(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOLDS(matches_the_password_of_a_hash),
		HOLDS(hashes_by_argon2id_with_19_mib_and_two_passes),
		HOLDS(matches_no_password_without_a_hash),
		HOLDS(makes_tokens_that_name_their_session_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
