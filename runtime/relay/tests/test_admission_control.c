/* Admission control: when command consumers pause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/admission_control.h"

enum { TIMER_TYPE = 1, PENDING_MAX = 10 };

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
			unit_deadline(unit, TIMER_TYPE, &id, SECOND_US);
		else
			unit_deadline_clear(unit, TIMER_TYPE, &id);
	}
	return OK;
}

/* A batch that begins so many, and ends so many others. */
static void run_batch(struct admission *admission, unsigned begun, unsigned ended)
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

static void consumers_pause_while_too_many_are_pending(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, PENDING_MAX);
	run_batch(&admission, PENDING_MAX + 1, 1);
	assert_false(admission_throttled(&admission, monotonic_now()));
	run_batch(&admission, 1, 0);
	assert_true(admission_throttled(&admission, monotonic_now()));
	run_batch(&admission, 0, 1);
	assert_false(admission_throttled(&admission, monotonic_now()));
}

static void no_pause_is_longer_than_a_quarter_of_a_second(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, PENDING_MAX);
	run_batch(&admission, 2 * PENDING_MAX, 1);
	assert_true(admission_throttled(&admission, monotonic_now()));
	assert_false(admission_throttled(&admission, monotonic_now() - 250 * MS_US));
}

static void no_consumer_pauses_while_nothing_ends(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, PENDING_MAX);
	run_batch(&admission, 2 * PENDING_MAX, 0);
	assert_false(admission_throttled(&admission, monotonic_now()));
	run_batch(&admission, 2, 1); /* the service that ends them is back: the count has started anew */
	assert_false(admission_throttled(&admission, monotonic_now()));
}

static void sagas_of_other_replicas_are_credit_for_at_most_the_limit(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, PENDING_MAX);
	run_batch(&admission, 0, 100 * PENDING_MAX);
	run_batch(&admission, 2 * PENDING_MAX, 0);
	assert_false(admission_throttled(&admission, monotonic_now()));
	run_batch(&admission, 1, 0);
	assert_true(admission_throttled(&admission, monotonic_now()));
}

static void the_count_is_lowered_to_what_the_database_has(void **state)
{
	struct admission admission;

	(void)state;
	admission_init(&admission, PENDING_MAX);
	run_batch(&admission, 3 * PENDING_MAX, 1);
	admission_cap(&admission, 4 * PENDING_MAX);
	assert_true(admission_throttled(&admission, monotonic_now()));
	admission_cap(&admission, PENDING_MAX);
	assert_false(admission_throttled(&admission, monotonic_now()));
	run_batch(&admission, 1, 0);
	assert_true(admission_throttled(&admission, monotonic_now()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(consumers_pause_while_too_many_are_pending),
		cmocka_unit_test(no_pause_is_longer_than_a_quarter_of_a_second),
		cmocka_unit_test(no_consumer_pauses_while_nothing_ends),
		cmocka_unit_test(sagas_of_other_replicas_are_credit_for_at_most_the_limit),
		cmocka_unit_test(the_count_is_lowered_to_what_the_database_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
