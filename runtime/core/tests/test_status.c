/* The table of statuses: complete, distinct, with the right settlement of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/status.h"

static void every_status_has_a_row(void **state)
{
	(void)state;
	for (int status = OK; status < STATUS_COUNT; status++) {
		const struct status_rule *rule = status_rule((enum status)status);

		assert_non_null(rule->code);
		assert_non_null(rule->title);
		assert_in_range(rule->http, 200, 504);
	}
}

static void a_status_is_found_by_its_code(void **state)
{
	(void)state;
	for (int status = OK; status < STATUS_COUNT; status++)
		assert_int_equal(status_of_code(status_rule((enum status)status)->code), status);
}

static void an_unknown_code_is_an_internal_error(void **state)
{
	(void)state;
	assert_int_equal(status_of_code("what a newer build says"), E_INTERNAL);
}

static void a_faulty_event_becomes_a_dead_letter(void **state)
{
	(void)state;
	for (int status = E_MALFORMED; status <= E_KEY_REUSED; status++)
		assert_int_equal(status_rule((enum status)status)->settle, SETTLE_DEAD_LETTER);
	assert_int_equal(status_rule(E_INTERNAL)->settle, SETTLE_DEAD_LETTER);
}

static void an_event_that_fails_for_another_reason_is_kept(void **state)
{
	(void)state;
	for (int status = E_BUSY; status <= E_UNKNOWN_TYPE; status++) {
		assert_int_not_equal(status_rule((enum status)status)->settle, SETTLE_DEAD_LETTER);
		assert_int_not_equal(status_rule((enum status)status)->settle, SETTLE_ACK);
	}
}

static void only_a_lost_race_ends_the_whole_batch(void **state)
{
	(void)state;
	for (int status = OK; status < STATUS_COUNT; status++)
		assert_int_equal(status_rule((enum status)status)->txn == TXN_RETRY, status == E_RETRY);
	assert_int_equal(status_rule(OK)->txn, TXN_KEEP);
}

static void a_status_without_effect_is_acknowledged_and_logged_for_debugging_only(void **state)
{
	(void)state;
	assert_int_equal(status_rule(E_STALE)->settle, SETTLE_ACK);
	assert_int_equal(status_rule(E_STALE)->log_level, LOG_DEBUG);
	assert_int_equal(status_rule(E_EXPIRED)->settle, SETTLE_ACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_row),
		cmocka_unit_test(a_status_is_found_by_its_code),
		cmocka_unit_test(an_unknown_code_is_an_internal_error),
		cmocka_unit_test(a_faulty_event_becomes_a_dead_letter),
		cmocka_unit_test(an_event_that_fails_for_another_reason_is_kept),
		cmocka_unit_test(only_a_lost_race_ends_the_whole_batch),
		cmocka_unit_test(a_status_without_effect_is_acknowledged_and_logged_for_debugging_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
