/* The history of an order: it is complete at the end, and the data of its events can be rebuilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "orders/tests/fixture.h"
#include "orders/usecases/history.h"

/* The names of an order's history, in order, with spaces between. */
static const char *history_of(struct fixture *fixture, struct uuid id)
{
	const struct order *order = order_of(fixture, id);
	const char *text = order->history[0].event;

	for (size_t i = 1; i < order->history_count; i++)
		text = arena_format(&fixture->arena, "%s %s", text, order->history[i].event);
	return text;
}

static void the_history_is_complete_at_every_end(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(history_of(fixture, order_in(fixture, CONFIRMED)),
			    "order.placed user.verified stock.reserved order.confirmed");
	assert_string_equal(history_of(fixture, order_in(fixture, REJECTED)),
			    "order.placed user.refused order.rejected");
	assert_string_equal(history_of(fixture, order_in(fixture, EXPIRED)), "order.placed order.expired");
	assert_string_equal(history_of(fixture, order_in(fixture, CANCELLED)), "order.placed order.cancelled");
}

static void an_event_after_the_end_is_not_in_the_history(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, CANCELLED);

	assert_int_equal(receive(fixture, id, STOCK_OK), OK);
	assert_string_equal(history_of(fixture, id), "order.placed order.cancelled");
}

static void the_history_names_each_event_as_it_was_published(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, STOCK_HELD);

	assert_int_equal(receive(fixture, id, USER_OK), OK);
	const struct history_entry *history = order_of(fixture, id)->history;
	assert_int_equal(order_of(fixture, id)->history_count, 4);
	assert_int_equal(history[1].sequence, 7); /* as stock.reserved published */
	assert_same_id(history[3].event_id, published(fixture)->id);
	assert_int_equal(history[3].at_us, published(fixture)->time_us);
	assert_int_equal(history[3].sequence, published(fixture)->sequence);
}

static const void *event_again(struct fixture *fixture, struct uuid id, size_t entry, const char *name)
{
	const struct order *order = order_of(fixture, id);
	struct history_event event;

	assert_true(order_history_event(order, &order->history[entry], &fixture->arena, &event));
	assert_string_equal(event.type->name, name);
	return event.data;
}

static void the_history_has_the_data_of_each_event(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, CONFIRMED);
	const struct order_event *placed = event_again(fixture, id, 0, "order.placed");
	const struct user_answer *verified = event_again(fixture, id, 1, "user.verified");
	const struct stock_event *held = event_again(fixture, id, 2, "stock.reserved");
	const struct order_event *confirmed = event_again(fixture, id, 3, "order.confirmed");

	assert_int_equal(placed->status, ORDER_STATUS_PENDING);
	assert_int_equal(placed->total_cents, INT_ABSENT);
	assert_null(((const struct order_line *)placed->items.items)->name);
	assert_int_equal(placed->expires_at, order_of(fixture, id)->expires_us);
	assert_same_id(verified->user_id, ALICE.user_id);
	assert_int_equal(held->total_cents, 600);
	assert_string_equal(((const struct order_line *)held->items.items)->name, "Apple");
	assert_int_equal(confirmed->status, ORDER_STATUS_CONFIRMED);
	assert_int_equal(confirmed->expires_at, INT_ABSENT);
}

static void the_history_has_the_reason_of_a_refusal(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, REJECTED);
	const struct user_answer *refused = event_again(fixture, id, 1, "user.refused");

	assert_string_equal(refused->code, "user_disabled");
	assert_null(((const struct order_event *)event_again(fixture, id, 0, "order.placed"))->reason);
	id = order_in(fixture, USER_KNOWN);
	assert_int_equal(receive(fixture, id, STOCK_NO), OK);
	assert_string_equal(((const struct stock_refused *)event_again(fixture, id, 2, "stock.refused"))->code,
			    "out_of_stock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(the_history_is_complete_at_every_end),
		WITH_FIXTURE(an_event_after_the_end_is_not_in_the_history),
		WITH_FIXTURE(the_history_names_each_event_as_it_was_published),
		WITH_FIXTURE(the_history_has_the_data_of_each_event),
		WITH_FIXTURE(the_history_has_the_reason_of_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
