/* The table of the saga, compared with the same table in another form. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "orders/domain/order.h"

/* "": stale. "X": the next state is X, and nothing is published. "X!": the next state is X, and the event of X is
 * published. */
/* clang-format off */
static const char *const expected[ORDER_STATES][SAGA_EVENTS] = {
	/*               USER_OK       USER_NO      STOCK_OK      STOCK_NO     DEADLINE    CANCEL        OVERDUE      */
	[PENDING]    = { "USER_KNOWN", "REJECTED!", "STOCK_HELD", "REJECTED!", "EXPIRED!", "CANCELLED!", ""           },
	[USER_KNOWN] = { "",           "",          "CONFIRMED!", "REJECTED!", "EXPIRED!", "CANCELLED!", ""           },
	[STOCK_HELD] = { "CONFIRMED!", "REJECTED!", "",           "",          "EXPIRED!", "CANCELLED!", ""           },
	[CONFIRMED]  = { "",           "",          "",           "",          "",         "",           "CONFIRMED!" },
	[REJECTED]   = { "",           "",          "REJECTED!",  "",          "",         "",           "REJECTED!"  },
	[EXPIRED]    = { "",           "",          "EXPIRED!",   "",          "",         "",           "EXPIRED!"   },
	[CANCELLED]  = { "",           "",          "CANCELLED!", "",          "",         "",           "CANCELLED!" },
};
/* clang-format on */

/* A rule in the form of the table above. */
static void spell(const struct saga_rule *rule, char *ret_text, size_t size)
{
	const char *state = rule == NULL ? "" : order_state_names[rule->next];
	const char *say = rule == NULL ? NULL : saga_publication_names[rule->publish];

	snprintf(ret_text, size, "%s%s", state, say == NULL ? "" : "!");
	if (say == NULL)
		return;
	/* The published event is the one of the next state. */
	assert_memory_equal(say, "order.", 6);
	for (size_t i = 0; i <= strlen(state); i++)
		assert_int_equal(say[6 + i], tolower(state[i]));
}

static void each_state_takes_each_event_as_written_here(void **unused)
{
	(void)unused;
	for (int state = 0; state < ORDER_STATES; state++)
		for (int event = 0; event < SAGA_EVENTS; event++) {
			char found[32], wanted[96], seen[96];

			spell(saga_rule_for((enum order_state)state, (enum saga_event)event), found, sizeof(found));
			snprintf(wanted, sizeof(wanted), "%s + %s: %s", order_state_names[state],
				 saga_event_names[event], expected[state][event]);
			snprintf(seen, sizeof(seen), "%s + %s: %s", order_state_names[state], saga_event_names[event],
				 found);
			assert_string_equal(seen, wanted);
		}
}

static void no_pair_is_listed_twice(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < saga_rule_count; i++)
		assert_ptr_equal(saga_rule_for(saga_rules[i].state, saga_rules[i].event), &saga_rules[i]);
}

static void a_step_bumps_the_version_and_a_stale_event_changes_nothing(void **unused)
{
	(void)unused;
	for (int state = 0; state < ORDER_STATES; state++)
		for (int event = 0; event < SAGA_EVENTS; event++) {
			const struct order before = {.state = (enum order_state)state, .version = 3, .updated_us = 5};
			struct order order = before;
			const struct saga_rule *rule = saga_apply(&order, (enum saga_event)event, 9);
			bool moved = rule != NULL && (int)rule->next != state;

			assert_int_equal(order.state, rule == NULL ? (enum order_state)state : rule->next);
			assert_int_equal(order.version, moved ? 4 : 3);
			assert_int_equal(order.updated_us, moved ? 9 : 5);
		}
}

/* Applies to `order` every sequence of at most `depth` events. */
static void try_all(struct order order, int depth, size_t *ret_tried)
{
	++*ret_tried;
	if (depth == 0)
		return;
	for (int event = 0; event < SAGA_EVENTS; event++) {
		struct order next = order;

		(void)saga_apply(&next, (enum saga_event)event, 0);
		if (saga_ended(order.state))
			assert_int_equal(next.state, order.state);
		assert_in_range(next.version, 1, HISTORY_MAX);
		try_all(next, depth - 1, ret_tried);
	}
}

static void no_sequence_of_events_leads_out_of_an_end(void **unused)
{
	size_t tried = 0;

	(void)unused;
	try_all((struct order){.state = PENDING, .version = 1}, 5, &tried);
	assert_int_equal(tried, 1 + 7 + 49 + 343 + 2401 + 16807);
}

static void the_deadline_ends_whatever_has_not_ended(void **unused)
{
	(void)unused;
	for (int state = 0; state < ORDER_STATES; state++) {
		struct order order = {.state = (enum order_state)state};

		(void)saga_apply(&order, DEADLINE, 0);
		assert_true(saga_ended(order.state));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_takes_each_event_as_written_here),
		cmocka_unit_test(no_pair_is_listed_twice),
		cmocka_unit_test(a_step_bumps_the_version_and_a_stale_event_changes_nothing),
		cmocka_unit_test(no_sequence_of_events_leads_out_of_an_end),
		cmocka_unit_test(the_deadline_ends_whatever_has_not_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
