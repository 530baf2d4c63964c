/* Rate limits: which clients share a bucket, and what an attempt to sign in is charged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "edge/client_address.h"
#include "edge/rate_limits.h"

#define HOME "198.51.100.1"

static struct arena arena;
static struct edge_settings settings;
static struct edge edge;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	settings = (struct edge_settings){
		.http_trusted_proxies = "127.0.0.1, ::1",
		.limit_exempt = "",
		.limit_burst = 2,
		.limit_rate = 1,
		.sign_in_account = 3,
		.sign_in_account_pause_us = HOUR_US,
		.sign_in_address = 100,
		.sign_in_address_pause_us = HOUR_US,
		.sign_in_pair = 5,
		.sign_in_pair_pause_us = HOUR_US,
	};
	edge = (struct edge){.settings = &settings, .rate_limits = rate_limits_new(&settings)};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rate_limits_free(edge.rate_limits);
	arena_done(&arena);
	return 0;
}

static struct call call_with(const struct http_header *headers, int count)
{
	struct http_request *request = arena_new(&arena, 1, sizeof(*request));

	*request =
		(struct http_request){.peer = "127.0.0.1", .headers = headers, .header_count = count, .arena = &arena};
	return (struct call){.edge = &edge,
			     .request = request,
			     .response = arena_new(&arena, 1, sizeof(struct http_response)),
			     .arena = &arena};
}

static struct call call_via(const char *address)
{
	struct http_header *header = arena_new(&arena, 1, sizeof(*header));

	*header = (struct http_header){"X-Forwarded-For", address};
	return call_with(header, 1);
}

enum { RIGHT = 0, WRONG = 401 };

/* Signs in to the account "ann". Returns the status of the answer; 0: signed in. */
static int sign_in(const char *address, int outcome)
{
	struct call call = call_via(address);
	struct attempt attempt;
	struct problem problem = rate_limits_begin_attempt(&call, "ann", &attempt);

	if (problem.status != 0)
		return problem.status;
	problem.status = outcome;
	rate_limits_end_attempt(&call, &attempt, &problem, WRONG);
	return outcome;
}

static int request_via(const char *address)
{
	struct call call = call_via(address);

	return rate_limits_check(&call).status;
}

#define numbered(format, number) arena_format(&arena, format, number)

static void use_up_the_account(void)
{
	for (int i = 1; i <= 3; i++)
		assert_int_equal(sign_in(numbered("203.0.113.%d", i), WRONG), WRONG);
}

/* ---- what an attempt is charged ---- */

static void a_sign_in_of_the_owner_gives_a_stranger_no_attempt(void **state)
{
	(void)state;
	assert_int_equal(sign_in(HOME, RIGHT), RIGHT);
	use_up_the_account();
	assert_int_equal(sign_in("203.0.113.1", WRONG), 429);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sign_in(HOME, RIGHT), RIGHT);
	assert_int_equal(sign_in("203.0.113.1", WRONG), 429);
}

static void first_attempts_from_new_addresses_are_limited_per_account(void **state)
{
	(void)state;
	assert_int_equal(sign_in(HOME, RIGHT), RIGHT);
	use_up_the_account();
	for (int i = 10; i < 13; i++)
		assert_int_equal(sign_in(numbered("203.0.113.%d", i), WRONG), WRONG);
	assert_int_equal(sign_in("203.0.113.13", WRONG), 429);
	assert_int_equal(sign_in(HOME, RIGHT), RIGHT);
}

static void a_first_attempt_that_succeeds_is_not_counted(void **state)
{
	(void)state;
	use_up_the_account();
	for (int i = 10; i < 20; i++)
		assert_int_equal(sign_in(numbered("203.0.113.%d", i), RIGHT), RIGHT);
	for (int i = 20; i < 23; i++)
		assert_int_equal(sign_in(numbered("203.0.113.%d", i), WRONG), WRONG);
}

/* ---- which addresses are one client ---- */

static void ipv6_addresses_of_one_64_are_one_client(void **state)
{
	(void)state;
	for (int i = 1; i <= 2; i++)
		assert_int_equal(request_via(numbered("2001:db8:0:1::%x", i)), 0);
	assert_int_equal(request_via("2001:db8::1:ffff:0:0:3"), 429);
	assert_int_equal(request_via("2001:db8:0:2::1"), 0);
	settings.sign_in_account = 0;
	for (int i = 1; i <= 3; i++)
		assert_int_equal(sign_in(numbered("2001:db8:0:1::%x", i), WRONG), WRONG);
	for (int i = 4; i <= 120; i++)
		assert_int_equal(sign_in(numbered("2001:db8:0:1::%x", i), WRONG), 429);
}

static void a_mapped_ipv4_address_is_that_ipv4_address(void **state)
{
	(void)state;
	assert_int_equal(request_via(HOME), 0);
	assert_int_equal(request_via("::ffff:" HOME), 0);
	assert_int_equal(request_via("::ffff:c633:6401"), 429);
	settings.limit_exempt = HOME;
	assert_int_equal(request_via("::ffff:" HOME), 0);
}

static void a_port_or_brackets_make_no_other_client(void **state)
{
	(void)state;
	assert_int_equal(request_via(HOME ":4001"), 0);
	assert_int_equal(request_via(HOME ":4002"), 0);
	assert_int_equal(request_via(HOME), 429);
	assert_int_equal(request_via("[2001:db8::1]"), 0);
	assert_int_equal(request_via("[2001:db8::1]:4003"), 0);
	assert_int_equal(request_via("2001:db8::1"), 429);
}

/* ---- X-Forwarded-For ---- */

static const char *client_of(const char *first, const char *second, const char *third)
{
	const struct http_header headers[] = {
		{"X-Forwarded-For", first}, {"x-forwarded-for", second}, {"X-FORWARDED-FOR", third}};
	const struct call call = call_with(headers, 3);

	return client_address(call.request, "127.0.0.1, 10.0.0.0/8");
}

static void all_lines_of_x_forwarded_for_are_one_list(void **state)
{
	(void)state;
	assert_string_equal(client_of("198.51.100.9", HOME, "10.0.0.2"), HOME);
	assert_string_equal(client_of("198.51.100.9", HOME ", 10.0.0.3", "10.0.0.2"), HOME);
	assert_string_equal(client_of(HOME, "10.0.0.3", ""), HOME);
	assert_string_equal(client_of("10.0.0.4", "10.0.0.3", "10.0.0.2"), "10.0.0.4");
	assert_string_equal(client_of("198.51.100.9", "198.51.100.8", HOME), HOME);
}

#define HOLDS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOLDS(a_sign_in_of_the_owner_gives_a_stranger_no_attempt),
		HOLDS(first_attempts_from_new_addresses_are_limited_per_account),
		HOLDS(a_first_attempt_that_succeeds_is_not_counted),
		HOLDS(ipv6_addresses_of_one_64_are_one_client),
		HOLDS(a_mapped_ipv4_address_is_that_ipv4_address),
		HOLDS(a_port_or_brackets_make_no_other_client),
		HOLDS(all_lines_of_x_forwarded_for_are_one_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
