/* When a client tries again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/backoff.h"
#include "core/timestamp.h"

#define BROKER .first_us = 50 * MS_US, .longest_us = 5 * SECOND_US, .random = 7

static void pauses_grow_to_five_seconds_and_are_spread(void **state)
{
	struct backoff backoff = {BROKER, .steady_us = 5 * SECOND_US};
	int64_t now = SECOND_US, pauses[12];

	(void)state;
	for (int i = 0; i < 12; i++) {
		backoff_failed(&backoff, now);
		pauses[i] = backoff.due_us - now;
		assert_false(backoff_is_due(&backoff, backoff.due_us - 1));
		assert_true(backoff_is_due(&backoff, backoff.due_us));
	}
	assert_in_range(pauses[0], 25 * MS_US, 50 * MS_US);
	assert_in_range(pauses[3], 200 * MS_US, 400 * MS_US);
	assert_in_range(pauses[10], 2500 * MS_US, 5 * SECOND_US);
	assert_int_not_equal(pauses[10], pauses[11]);
}

static void a_connection_that_lived_starts_the_pauses_anew(void **state)
{
	struct backoff backoff = {BROKER, .steady_us = 5 * SECOND_US};
	int64_t now = SECOND_US;

	(void)state;
	for (int i = 0; i < 8; i++)
		backoff_failed(&backoff, now);
	backoff_connected(&backoff, now);
	assert_true(backoff_is_failing(&backoff));
	backoff_failed(&backoff, now + SECOND_US);
	assert_in_range(backoff.due_us - now, 3 * SECOND_US, 7 * SECOND_US);
	backoff_connected(&backoff, now);
	backoff_failed(&backoff, now + MINUTE_US);
	assert_in_range(backoff.due_us - now, MINUTE_US, MINUTE_US + 50 * MS_US);
}

static void without_a_steady_time_each_connection_is_a_success(void **state)
{
	struct backoff backoff = {BROKER};

	(void)state;
	assert_false(backoff_is_failing(&backoff));
	assert_true(backoff_is_due(&backoff, 0));
	for (int i = 0; i < 8; i++)
		backoff_failed(&backoff, SECOND_US);
	assert_true(backoff_is_failing(&backoff));
	backoff_connected(&backoff, 2 * SECOND_US);
	assert_false(backoff_is_failing(&backoff));
	assert_true(backoff_is_due(&backoff, 0));
	backoff_failed(&backoff, 2 * SECOND_US);
	assert_in_range(backoff.due_us - 2 * SECOND_US, 25 * MS_US, 50 * MS_US);
}

static void two_clients_do_not_come_back_together(void **state)
{
	struct backoff first = {BROKER}, second = {BROKER};
	int equal = 0;

	(void)state;
	first.random = second.random = 0;
	for (int i = 0; i < 20; i++) {
		backoff_failed(&first, SECOND_US);
		backoff_failed(&second, SECOND_US);
		equal += first.due_us == second.due_us;
	}
	assert_in_range(equal, 0, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_to_five_seconds_and_are_spread),
		cmocka_unit_test(a_connection_that_lived_starts_the_pauses_anew),
		cmocka_unit_test(without_a_steady_time_each_connection_is_a_success),
		cmocka_unit_test(two_clients_do_not_come_back_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
