/* The history of an order: whole at its end, and told again as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "orders/tests/fixture.h"
#include "orders/usecases/history.h"

/* The names of an order's history, in order, with spaces between. */
static const char *history_of(struct scene *scene, struct uuid id)
{
	const struct order *order = order_of(scene, id);
	const char *text = order->steps[0].event;

	for (size_t i = 1; i < order->step_count; i++)
		text = arena_format(&scene->arena, "%s %s", text, order->steps[i].event);
	return text;
}

static void the_history_is_whole_at_every_end(void **state)
{
	struct scene *scene = *state;

	assert_string_equal(history_of(scene, order_in(scene, CONFIRMED)),
			    "order.placed user.verified stock.reserved order.confirmed");
	assert_string_equal(history_of(scene, order_in(scene, REJECTED)), "order.placed user.refused order.rejected");
	assert_string_equal(history_of(scene, order_in(scene, EXPIRED)), "order.placed order.expired");
	assert_string_equal(history_of(scene, order_in(scene, CANCELLED)), "order.placed order.cancelled");
}

static void what_is_heard_after_the_end_is_not_history(void **state)
{
	struct scene *scene = *state;
	struct uuid id = order_in(scene, CANCELLED);

	assert_int_equal(tell(scene, id, STOCK_OK), OK);
	assert_string_equal(history_of(scene, id), "order.placed order.cancelled");
}

static void the_history_names_each_event_as_it_was_published(void **state)
{
	struct scene *scene = *state;
	struct uuid id = order_in(scene, STOCK_HELD);

	assert_int_equal(tell(scene, id, USER_OK), OK);
	const struct order_step *steps = order_of(scene, id)->steps;
	assert_int_equal(order_of(scene, id)->step_count, 4);
	assert_int_equal(steps[1].sequence, 7); /* as stock.reserved said */
	assert_same_id(steps[3].event_id, said(scene)->id);
	assert_int_equal(steps[3].at_us, said(scene)->time_us);
	assert_int_equal(steps[3].sequence, said(scene)->sequence);
}

static const void *retell(struct scene *scene, struct uuid id, size_t step, const char *name)
{
	const struct order *order = order_of(scene, id);
	struct publish_span told;

	assert_true(order_retell(order, &order->steps[step], &scene->arena, &told));
	assert_string_equal(told.type->name, name);
	return told.data;
}

static void events_are_told_again_as_they_were(void **state)
{
	struct scene *scene = *state;
	struct uuid id = order_in(scene, CONFIRMED);
	const struct order_event *placed = retell(scene, id, 0, "order.placed");
	const struct user_answer *verified = retell(scene, id, 1, "user.verified");
	const struct stock_event *held = retell(scene, id, 2, "stock.reserved");
	const struct order_event *confirmed = retell(scene, id, 3, "order.confirmed");

	assert_int_equal(placed->status, ORDER_STATUS_PENDING);
	assert_int_equal(placed->total_cents, INT_ABSENT);
	assert_null(((const struct order_line *)placed->items.items)->name);
	assert_int_equal(placed->expires_at, order_of(scene, id)->expires_us);
	assert_same_id(verified->user_id, ALICE.user_id);
	assert_int_equal(held->total_cents, 600);
	assert_string_equal(((const struct order_line *)held->items.items)->name, "Apple");
	assert_int_equal(confirmed->status, ORDER_STATUS_CONFIRMED);
	assert_int_equal(confirmed->expires_at, INT_ABSENT);
}

static void refusals_are_told_again_with_their_reason(void **state)
{
	struct scene *scene = *state;
	struct uuid id = order_in(scene, REJECTED);
	const struct user_answer *refused = retell(scene, id, 1, "user.refused");

	assert_string_equal(refused->code, "user_disabled");
	assert_null(((const struct order_event *)retell(scene, id, 0, "order.placed"))->reason);
	id = order_in(scene, USER_KNOWN);
	assert_int_equal(tell(scene, id, STOCK_NO), OK);
	assert_string_equal(((const struct stock_refused *)retell(scene, id, 2, "stock.refused"))->code,
			    "out_of_stock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(the_history_is_whole_at_every_end),
		IN_SCENE(what_is_heard_after_the_end_is_not_history),
		IN_SCENE(the_history_names_each_event_as_it_was_published),
		IN_SCENE(events_are_told_again_as_they_were),
		IN_SCENE(refusals_are_told_again_with_their_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
