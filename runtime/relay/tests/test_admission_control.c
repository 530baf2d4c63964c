/* The admission of a service: when command consumers rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/admission_control.h"

enum { REMINDER = 1, OPEN_MAX = 10 };

struct span_of_work {
	unsigned first, begun, ended;
};

static struct uuid id_of(unsigned number)
{
	return (struct uuid){.bytes = {[14] = (uint8_t)(number >> 8), [15] = (uint8_t)number}};
}

static enum status work(struct unit *unit, const struct message *message)
{
	const struct span_of_work *span = message->body;

	for (unsigned i = 0; i < span->begun + span->ended; i++) {
		const struct uuid id = id_of(span->first + i);

		if (i < span->begun)
			unit_deadline(unit, REMINDER, &id, SECOND_US);
		else
			unit_deadline_clear(unit, REMINDER, &id);
	}
	return OK;
}

/* A turn that begins so many, and ends so many others. */
static void turn(struct admission *admission, unsigned begun, unsigned ended)
{
	const struct span_of_work span = {1, begun, ended};
	const struct message message = {.id = id_of(0x4000), .body = &span};
	struct arena arena;

	arena_init(&arena);
	struct unit *unit = unit_make(&arena, "svc-test");
	assert_int_equal(unit_decide(unit, work, &message, 0, 0).status, OK);
	admission_count(admission, unit);
	arena_done(&arena);
}

static void consumers_rest_while_more_is_open_than_may_be(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, OPEN_MAX);
	turn(&admission, OPEN_MAX + 1, 1);
	assert_false(admission_throttled(&admission, monotonic_now()));
	turn(&admission, 1, 0);
	assert_true(admission_throttled(&admission, monotonic_now()));
	turn(&admission, 0, 1);
	assert_false(admission_throttled(&admission, monotonic_now()));
}

static void no_rest_is_longer_than_a_quarter_of_a_second(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, OPEN_MAX);
	turn(&admission, 2 * OPEN_MAX, 1);
	assert_true(admission_throttled(&admission, monotonic_now()));
	assert_false(admission_throttled(&admission, monotonic_now() - 250 * MS_US));
}

static void nobody_rests_where_nothing_ends(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, OPEN_MAX);
	turn(&admission, 2 * OPEN_MAX, 0);
	assert_false(admission_throttled(&admission, monotonic_now()));
	turn(&admission, 2, 1); /* whoever ends them is back: counted anew, not with what lay there */
	assert_false(admission_throttled(&admission, monotonic_now()));
}

static void what_others_had_begun_is_credit_for_no_more_than_may_be_open(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, OPEN_MAX);
	turn(&admission, 0, 100 * OPEN_MAX);
	turn(&admission, 2 * OPEN_MAX, 0);
	assert_false(admission_throttled(&admission, monotonic_now()));
	turn(&admission, 1, 0);
	assert_true(admission_throttled(&admission, monotonic_now()));
}

static void no_more_is_open_than_the_database_has(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, OPEN_MAX);
	turn(&admission, 3 * OPEN_MAX, 1);
	admission_cap(&admission, 4 * OPEN_MAX);
	assert_true(admission_throttled(&admission, monotonic_now()));
	admission_cap(&admission, OPEN_MAX);
	assert_false(admission_throttled(&admission, monotonic_now()));
	turn(&admission, 1, 0);
	assert_true(admission_throttled(&admission, monotonic_now()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(consumers_rest_while_more_is_open_than_may_be),
		cmocka_unit_test(no_rest_is_longer_than_a_quarter_of_a_second),
		cmocka_unit_test(nobody_rests_where_nothing_ends),
		cmocka_unit_test(what_others_had_begun_is_credit_for_no_more_than_may_be_open),
		cmocka_unit_test(no_more_is_open_than_the_database_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
