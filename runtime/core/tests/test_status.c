/* The status table: complete, distinct, and honest about who is to blame. */
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

static void a_code_leads_back_to_its_status(void **state)
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

static void an_event_at_fault_goes_to_the_dead_letters(void **state)
{
	(void)state;
	for (int status = E_MALFORMED; status <= E_KEY_REUSED; status++)
		assert_int_equal(status_rule((enum status)status)->settle, SETTLE_DEAD);
	assert_int_equal(status_rule(E_INTERNAL)->settle, SETTLE_DEAD);
}

static void an_event_that_finds_the_world_at_fault_is_kept(void **state)
{
	(void)state;
	for (int status = E_BUSY; status <= E_UNKNOWN_TYPE; status++) {
		assert_int_not_equal(status_rule((enum status)status)->settle, SETTLE_DEAD);
		assert_int_not_equal(status_rule((enum status)status)->settle, SETTLE_ACK);
	}
}

static void only_a_lost_race_spoils_the_whole_turn(void **state)
{
	(void)state;
	for (int status = OK; status < STATUS_COUNT; status++)
		assert_int_equal(status_rule((enum status)status)->txn == TXN_RETRY, status == E_RETRY);
	assert_int_equal(status_rule(OK)->txn, TXN_KEEP);
}

static void what_changes_nothing_is_settled_quietly(void **state)
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
		cmocka_unit_test(a_code_leads_back_to_its_status),
		cmocka_unit_test(an_unknown_code_is_an_internal_error),
		cmocka_unit_test(an_event_at_fault_goes_to_the_dead_letters),
		cmocka_unit_test(an_event_that_finds_the_world_at_fault_is_kept),
		cmocka_unit_test(only_a_lost_race_spoils_the_whole_turn),
		cmocka_unit_test(what_changes_nothing_is_settled_quietly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
