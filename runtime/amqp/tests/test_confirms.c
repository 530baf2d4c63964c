/* Publisher confirms and broker URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "amqp/confirms.h"
#include "amqp/hosts.h"

static int new_confirms(void **state)
{
	static struct confirms confirms;

	confirms_init(&confirms);
	*state = &confirms;
	return 0;
}

static int free_confirms(void **state)
{
	confirms_done(*state);
	return 0;
}

static void expect(struct confirms *confirms, const struct confirm *wanted, size_t count)
{
	struct confirm got[16];

	assert_int_equal(confirms_take(confirms, got, 16), count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(got[i].sequence, wanted[i].sequence);
		assert_int_equal(got[i].kind, wanted[i].kind);
	}
}

#define expect_confirms(confirms, ...)                                                                                 \
	expect(confirms, (const struct confirm[]){__VA_ARGS__},                                                        \
	       sizeof((const struct confirm[]){__VA_ARGS__}) / sizeof(struct confirm))

static void there_is_no_confirm_before_the_broker_sends_one(void **state)
{
	struct confirm none;

	confirms_sent(*state, "a");
	assert_int_equal(confirms_take(*state, &none, 1), 0);
}

static void multiple_settles_all_up_to_its_tag(void **state)
{
	for (int i = 0; i < 4; i++)
		confirms_sent(*state, NULL);
	confirms_settle(*state, 2, false, CONFIRM_NACK);
	confirms_settle(*state, 3, true, CONFIRM_ACK);
	expect_confirms(*state, {1, CONFIRM_ACK}, {2, CONFIRM_NACK}, {3, CONFIRM_ACK});
	confirms_settle(*state, 4, false, CONFIRM_ACK);
	expect_confirms(*state, {4, CONFIRM_ACK});
}

static void a_late_confirm_does_not_delay_the_others(void **state)
{
	confirms_sent(*state, NULL);
	confirms_sent(*state, NULL);
	confirms_settle(*state, 2, false, CONFIRM_ACK);
	expect_confirms(*state, {2, CONFIRM_ACK});
	confirms_settle(*state, 1, false, CONFIRM_ACK);
	expect_confirms(*state, {1, CONFIRM_ACK});
}

static void a_return_wins_over_its_ack_and_is_reported_once(void **state)
{
	struct confirm none;

	confirms_sent(*state, "a");
	confirms_sent(*state, "b");
	confirms_sent(*state, "b");
	confirms_returned(*state, "b");
	assert_int_equal(confirms_take(*state, &none, 1), 0);
	confirms_settle(*state, 3, true, CONFIRM_ACK);
	expect_confirms(*state, {1, CONFIRM_ACK}, {2, CONFIRM_RETURNED}, {3, CONFIRM_ACK});
	assert_int_equal(confirms_take(*state, &none, 1), 0);
}

static void two_returns_of_one_id_are_two_publications(void **state)
{
	confirms_sent(*state, "b");
	confirms_sent(*state, "b");
	confirms_returned(*state, "b");
	confirms_returned(*state, "b");
	confirms_settle(*state, 2, true, CONFIRM_ACK);
	expect_confirms(*state, {1, CONFIRM_RETURNED}, {2, CONFIRM_RETURNED});
}

static void a_new_channel_counts_anew_and_sequences_go_on(void **state)
{
	confirms_sent(*state, NULL);
	confirms_sent(*state, NULL);
	confirms_settle(*state, 1, false, CONFIRM_ACK);
	confirms_new_channel(*state);
	assert_int_equal(confirms_sent(*state, NULL), 3);
	confirms_settle(*state, 1, false, CONFIRM_NACK);
	expect_confirms(*state, {1, CONFIRM_ACK}, {3, CONFIRM_NACK});
}

static void unknown_tags_change_nothing(void **state)
{
	struct confirm none;

	confirms_sent(*state, NULL);
	confirms_settle(*state, 9, true, CONFIRM_ACK);
	assert_int_equal(confirms_take(*state, &none, 1), 0);
}

static void thousands_can_be_unconfirmed(void **state)
{
	struct confirm got[100];
	uint64_t next = 1;
	size_t count;

	for (uint64_t i = 1; i <= 5000; i++) {
		assert_int_equal(confirms_sent(*state, NULL), i);
		if (i % 7 == 0)
			confirms_settle(*state, i - 3, true, CONFIRM_ACK);
	}
	confirms_settle(*state, 0, true, CONFIRM_ACK);
	while ((count = confirms_take(*state, got, 100)) > 0)
		for (size_t i = 0; i < count; i++)
			assert_int_equal(got[i].sequence, next++);
	assert_int_equal(next, 5001);
}

/* ---- hosts ---- */

static void reads_hosts_and_decodes_the_rest(void **state)
{
	struct broker_hosts hosts;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(broker_hosts_parse("amqp://a%40b:p%3Aw%2F@one:1,[::1]:2,three/%2Fv", &arena, &hosts), OK);
	assert_string_equal(hosts.user, "a@b");
	assert_string_equal(hosts.password, "p:w/");
	assert_string_equal(hosts.vhost, "/v");
	assert_int_equal(hosts.count, 3);
	assert_string_equal(hosts.hosts[1].name, "::1");
	assert_int_equal(hosts.hosts[1].port, 2);
	assert_int_equal(hosts.hosts[2].port, 5672);
	assert_int_equal(broker_hosts_parse("amqp://h", &arena, &hosts), OK);
	assert_string_equal(hosts.user, "guest");
	assert_string_equal(hosts.vhost, "/");
	arena_done(&arena);
}

static void tls_has_its_own_scheme_and_an_optional_ca_file(void **state)
{
	struct broker_hosts hosts;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(broker_hosts_parse("amqps://u:p@one,two:7/v?cacertfile=/etc/a%20ca.pem", &arena, &hosts), OK);
	assert_true(hosts.tls);
	assert_string_equal(hosts.ca_file, "/etc/a ca.pem");
	assert_string_equal(hosts.vhost, "v");
	assert_int_equal(hosts.hosts[0].port, 5671);
	assert_int_equal(hosts.hosts[1].port, 7);
	assert_int_equal(broker_hosts_parse("amqps://h/?cacertfile=/ca", &arena, &hosts), OK);
	assert_string_equal(hosts.vhost, "/");
	assert_int_equal(broker_hosts_parse("amqps://h/v", &arena, &hosts), OK);
	assert_null(hosts.ca_file);
	assert_int_equal(broker_hosts_parse("amqp://h", &arena, &hosts), OK);
	assert_false(hosts.tls);
	arena_done(&arena);
}

static void refuses_a_malformed_broker_url(void **state)
{
	static const char *const urls[] = {"",
					   "http://h",
					   "amqp://",
					   "amqp://h:0",
					   "amqp://h:99999",
					   "amqp://h:",
					   "amqp://h,,i",
					   "amqp://[::1",
					   "amqp://h:1x",
					   "amqp://u%4:p@h",
					   "amqp://,h",
					   "amqp://h/%zz",
					   "amqp://h/%00",
					   "amqp://h/v?cacertfile=/ca",
					   "amqps://h/v?verify=verify_none",
					   "amqps://h/v?cacertfile=",
					   "amqps://h/v?cacertfile=/ca&verify=verify_none",
					   "amqps:/h",
					   "amqpss://h",
					   "amq://h"};
	struct broker_hosts hosts;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		assert_int_equal(broker_hosts_parse(urls[i], &arena, &hosts), E_INVALID);
	arena_done(&arena);
}

#define each(test) cmocka_unit_test_setup_teardown(test, new_confirms, free_confirms)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(there_is_no_confirm_before_the_broker_sends_one),
		each(multiple_settles_all_up_to_its_tag),
		each(a_late_confirm_does_not_delay_the_others),
		each(a_return_wins_over_its_ack_and_is_reported_once),
		each(two_returns_of_one_id_are_two_publications),
		each(a_new_channel_counts_anew_and_sequences_go_on),
		each(unknown_tags_change_nothing),
		each(thousands_can_be_unconfirmed),
		cmocka_unit_test(reads_hosts_and_decodes_the_rest),
		cmocka_unit_test(tls_has_its_own_scheme_and_an_optional_ca_file),
		cmocka_unit_test(refuses_a_malformed_broker_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
