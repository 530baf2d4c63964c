/* The parsers of request headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/schema.h"
#include "edge/cors.h"
#include "edge/headers.h"

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static const char *filled(size_t count, char with)
{
	char *text = arena_new(&arena, count + 1, 1);

	memset(text, with, count);
	return text;
}

static void reads_an_idempotency_key_quoted_or_bare(void **state)
{
	static const struct {
		const char *value, *key;
	} good[] = {
		{"abc", "abc"},
		{"\"abc\"", "abc"},
		{"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
		{"\"a\\\"b\\\\c\"", "a\"b\\c"},
		{"~!@#$%^&*()", "~!@#$%^&*()"},
	};
	const char *key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(header_idempotency_key(good[i].value, &arena, &key), OK);
		assert_string_equal(key, good[i].key);
	}
	assert_int_equal(header_idempotency_key(filled(255, 'k'), &arena, &key), OK);
}

static void refuses_a_malformed_idempotency_key(void **state)
{
	static const char *const bad[] = {"",         "\"\"",         "\"abc", "abc\"",    "\"a\"b\"",
					  "\"a\\b\"", "\"a\\\"",      "a b",   "\"a b\"",  "caf\xc3\xa9",
					  "a,b",      "\"a\", \"b\"", "\"",    "\"a\";p=1"};
	const char *key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (header_idempotency_key(bad[i], &arena, &key) != E_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(header_idempotency_key(filled(256, 'k'), &arena, &key), E_MALFORMED);
}

static void reads_if_match_as_a_version(void **state)
{
	static const struct {
		const char *value;
		int64_t version;
	} good[] = {
		{"\"1\"", 1},
		{"\"999999999999999\"", 999999999999999},
		{"*", INT_ABSENT},
		{"W/\"1\"", VERSION_NONE}, /* strong comparison */
		{"\"01\"", VERSION_NONE},
		{"\"\"", VERSION_NONE},
		{"\"-1\"", VERSION_NONE},
		{"\"abc\"", VERSION_NONE},
		{"\"9999999999999999999999\"", VERSION_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t version = -7;

		assert_int_equal(header_if_match(good[i].value, &version), OK);
		assert_int_equal(version, good[i].version);
	}
}

static void refuses_an_if_match_that_is_not_one_tag(void **state)
{
	static const char *const bad[] = {"", "1", "\"1", "\"1\", \"2\"", "w/\"1\"", "**", "\"1\"x"};
	int64_t version = -7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (header_if_match(bad[i], &version) != E_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(version, -7);
}

static void finds_a_version_in_if_none_match(void **state)
{
	(void)state;
	assert_true(header_names_version("\"3\"", 3));
	assert_true(header_names_version("W/\"3\"", 3));
	assert_true(header_names_version("\"1\", W/\"2\" ,\"3\"", 3));
	assert_true(header_names_version("*", 3));
	assert_false(header_names_version("\"33\"", 3));
	assert_false(header_names_version("3", 3));
	assert_false(header_names_version("", 3));
	assert_false(header_names_version("\"1\", broken \"3\"", 3));
}

static void reads_how_long_a_client_prefers_to_wait(void **state)
{
	static const struct {
		const char *value;
		int seconds;
	} cases[] = {
		{"wait=5", 5},
		{"Wait=5", 5},
		{"wait = 5", 5},
		{"wait=\"7\"", 7},
		{"respond-async, wait=10", 10},
		{"wait=10;x=1, respond-async", 10},
		{"wait=3, wait=9", 3},
		{"wait=0", 0},
		{"wait", 0},
		{"wait=", 0},
		{"wait=-1", 0},
		{"wait=5s", 0},
		{"wait=99999999999999999999", 0},
		{"await=5", 0},
		{"waiting=5", 0},
		{"return=minimal", 0},
		{"", 0},
		{",,,", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (header_wait_seconds(cases[i].value) != cases[i].seconds)
			fail_msg("%s: got %d", cases[i].value, header_wait_seconds(cases[i].value));
}

static void accepts_only_a_well_formed_request_id(void **state)
{
	(void)state;
	assert_true(header_request_id_fits("A-b_c.9"));
	assert_true(header_request_id_fits(filled(64, 'a')));
	assert_false(header_request_id_fits(filled(65, 'a')));
	assert_false(header_request_id_fits(""));
	assert_false(header_request_id_fits("a b"));
	assert_false(header_request_id_fits("a\"b"));
	assert_false(header_request_id_fits("a\xc3\xa9"));
}

static void compares_media_types_with_and_without_charset(void **state)
{
	(void)state;
	assert_true(header_media_type_is("application/json", "application/json"));
	assert_true(header_media_type_is("Application/JSON; charset=UTF-8", "application/json"));
	assert_true(header_media_type_is("application/json;charset=\"utf-8\"", "application/json"));
	assert_true(header_media_type_is("application/json; q=1", "application/json"));
	assert_false(header_media_type_is("application/json; charset=latin1", "application/json"));
	assert_false(header_media_type_is("application/json; charset=utf-80", "application/json"));
	assert_false(header_media_type_is("application/jsonx", "application/json"));
	assert_false(header_media_type_is("text/plain", "application/json"));
	assert_false(header_media_type_is("", "application/json"));
}

static void finds_the_bearer_token(void **state)
{
	(void)state;
	assert_string_equal(header_bearer("Bearer a.b.c"), "a.b.c");
	assert_string_equal(header_bearer("bearer  a.b.c"), "a.b.c");
	assert_null(header_bearer("Bearer"));
	assert_null(header_bearer("Bearer "));
	assert_null(header_bearer("Bearer a b"));
	assert_null(header_bearer("Basic YTpi"));
	assert_null(header_bearer(""));
}

static void allows_only_listed_origins(void **state)
{
	(void)state;
	assert_true(cors_allows("https://a.example, https://b.example", "https://b.example"));
	assert_true(cors_allows("*", "https://c.example"));
	assert_false(cors_allows("", "https://a.example"));
	assert_false(cors_allows("https://a.example", "https://a.example.evil"));
	assert_false(cors_allows("https://a.example.org", "https://a.example"));
	assert_false(cors_allows("https://a.example", ""));
	assert_false(cors_allows("https://a.example", "null"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_idempotency_key_quoted_or_bare),
		cmocka_unit_test(refuses_a_malformed_idempotency_key),
		cmocka_unit_test(reads_if_match_as_a_version),
		cmocka_unit_test(refuses_an_if_match_that_is_not_one_tag),
		cmocka_unit_test(finds_a_version_in_if_none_match),
		cmocka_unit_test(reads_how_long_a_client_prefers_to_wait),
		cmocka_unit_test(accepts_only_a_well_formed_request_id),
		cmocka_unit_test(compares_media_types_with_and_without_charset),
		cmocka_unit_test(finds_the_bearer_token),
		cmocka_unit_test(allows_only_listed_origins),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
