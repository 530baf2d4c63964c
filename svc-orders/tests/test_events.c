/* The events of svc-users and svc-products and the timer: what they do to an order, and what the order publishes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "orders/tests/fixture.h"
#include "orders/usecases/views.h"

static void both_answers_confirm_in_any_sequence_and_when_repeated(void **state)
{
	static const enum saga_event orders[][5] = {
		{USER_OK, STOCK_OK, USER_OK, STOCK_OK, USER_OK},
		{STOCK_OK, USER_OK, STOCK_OK, USER_OK, STOCK_OK},
		{USER_OK, USER_OK, STOCK_OK, STOCK_OK, USER_OK},
		{STOCK_OK, STOCK_OK, USER_OK, USER_OK, STOCK_OK},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct uuid id = place(fixture);
		size_t events = 0;

		for (size_t n = 0; n < 5; n++) {
			(void)receive(fixture, id, orders[i][n]);
			events += published_count(fixture);
		}
		assert_int_equal(order_of(fixture, id)->state, CONFIRMED);
		assert_int_equal(order_of(fixture, id)->version, 3);
		assert_int_equal(events, 1);
	}
}

static void confirming_publishes_prices_and_total_and_ends_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, CONFIRMED);
	const struct order_event *event = published(fixture)->body;
	const struct order_line *lines = event->items.items;

	assert_int_equal(published(fixture)->type, ORDER_CONFIRMED);
	assert_int_equal(published(fixture)->sequence, 3);
	assert_int_equal(event->status, ORDER_STATUS_CONFIRMED);
	assert_int_equal(event->total_cents, 600);
	assert_string_equal(event->currency, "EUR");
	assert_int_equal(event->expires_at, INT_ABSENT);
	assert_same_id(lines[0].product_id, product(APPLE));
	assert_string_equal(lines[0].name, "Apple");
	assert_int_equal(lines[0].unit_price_cents, 100);
	assert_string_equal(lines[1].name, "Pear");
	assert_int_equal(lines[1].quantity, 2);
	assert_int_equal(deadline_of(fixture, id), INT64_MIN);
}

static void prices_stay_hidden_while_the_order_is_pending(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, STOCK_HELD);
	const struct order_view *view = order_view_of(order_of(fixture, id), &fixture->arena);

	assert_int_equal(view->status, ORDER_STATUS_PENDING);
	assert_int_equal(view->total_cents, INT_ABSENT);
	assert_null(((const struct order_line *)view->items.items)->name);
}

static void a_transition_without_an_event_takes_the_time_of_its_cause(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, USER_KNOWN);

	assert_int_equal(published_count(fixture), 0);
	assert_int_equal(order_of(fixture, id)->updated_us, fixture->now_us - MS_US);
	assert_int_equal(receive(fixture, id, STOCK_OK), OK);
	assert_int_equal(order_of(fixture, id)->updated_us, fixture->now_us);
}

static void a_refusal_by_users_rejects_with_its_reason(void **state)
{
	static const enum order_state from[] = {PENDING, STOCK_HELD};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		struct uuid id = order_in(fixture, from[i]);

		assert_int_equal(receive(fixture, id, USER_NO), OK);
		const struct order_event *event = published(fixture)->body;
		assert_int_equal(published(fixture)->type, ORDER_REJECTED);
		assert_string_equal(event->reason->code, "user_disabled");
		assert_string_equal(event->reason->detail, "This account is disabled.");
		assert_int_equal(deadline_of(fixture, id), INT64_MIN);
	}
}

static void a_refusal_by_products_names_the_product(void **state)
{
	static const enum order_state from[] = {PENDING, USER_KNOWN};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		struct uuid id = order_in(fixture, from[i]);

		assert_int_equal(receive(fixture, id, STOCK_NO), OK);
		const struct order_event *event = published(fixture)->body;
		assert_int_equal(published(fixture)->type, ORDER_REJECTED);
		assert_string_equal(event->reason->code, "out_of_stock");
		assert_same_id(event->reason->product_id, product(PEAR));
	}
}

static void the_deadline_expires_an_order_and_names_the_missing_answer(void **state)
{
	static const struct {
		enum order_state from;
		const char *detail;
	} cases[] = {
		{PENDING, "Neither users nor products"},
		{USER_KNOWN, "Products had not"},
		{STOCK_HELD, "Users had not"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 3; i++) {
		struct uuid id = order_in(fixture, cases[i].from);

		assert_int_equal(receive(fixture, id, DEADLINE), OK);
		const struct order_event *event = published(fixture)->body;
		assert_int_equal(published(fixture)->type, ORDER_EXPIRED);
		assert_string_equal(event->reason->code, "deadline");
		assert_memory_equal(event->reason->detail, cases[i].detail, strlen(cases[i].detail));
		assert_int_equal(deadline_of(fixture, id), INT64_MIN);
	}
}

static void a_final_state_never_changes(void **state)
{
	static const enum saga_event events[] = {USER_OK, USER_NO, STOCK_OK, STOCK_NO, DEADLINE, OVERDUE};
	struct fixture *fixture = *state;

	for (int end = CONFIRMED; end < ORDER_STATES; end++) {
		struct uuid id = order_in(fixture, (enum order_state)end);
		struct order ended = *order_of(fixture, id);

		for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
			(void)receive(fixture, id, events[i]);
			assert_memory_equal(order_of(fixture, id), &ended, sizeof(ended));
		}
	}
}

static void a_stale_event_publishes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, REJECTED);

	assert_int_equal(receive(fixture, id, USER_OK), E_STALE);
	assert_int_equal(published_count(fixture), 0);
	id = order_in(fixture, PENDING);
	assert_int_equal(receive(fixture, id, OVERDUE), E_STALE);
	assert_int_equal(published_count(fixture), 0);
}

static void an_end_is_published_again_when_products_holds_stock(void **state)
{
	static const int event_types[ORDER_STATES] = {
		[CONFIRMED] = ORDER_CONFIRMED,
		[REJECTED] = ORDER_REJECTED,
		[EXPIRED] = ORDER_EXPIRED,
		[CANCELLED] = ORDER_CANCELLED,
	};
	struct fixture *fixture = *state;

	for (int end = CONFIRMED; end < ORDER_STATES; end++) {
		struct uuid id = order_in(fixture, (enum order_state)end);
		struct output first = *published(fixture);

		assert_int_equal(receive(fixture, id, end == CONFIRMED ? OVERDUE : STOCK_OK), OK);
		assert_int_equal(published_count(fixture), 1);
		assert_int_equal(published(fixture)->type, event_types[end]);
		assert_int_equal(published(fixture)->sequence, first.sequence);
		assert_false(uuid_equal(&published(fixture)->id, &first.id));
	}
}

/* The next message repeats the message with this number, with its time. */
static void rewind_to(struct fixture *fixture, unsigned char message)
{
	fixture->now_us -= (fixture->messages - (message - 1)) * SECOND_US;
	fixture->messages = message - 1;
}

static void a_duplicate_publishes_the_same_event_ids(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, CANCELLED);

	assert_int_equal(receive(fixture, id, STOCK_OK), OK);
	struct output first = *published(fixture);
	rewind_to(fixture, fixture->messages);
	assert_int_equal(receive(fixture, id, STOCK_OK), OK);
	assert_same_id(published(fixture)->id, first.id);
}

static void a_duplicate_of_an_event_in_the_history_publishes_no_end(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, STOCK_HELD);
	unsigned char held = fixture->messages;

	assert_int_equal(cancel(fixture, id, ALICE), OK);
	rewind_to(fixture, held);
	assert_int_equal(receive(fixture, id, STOCK_OK), E_STALE);
	assert_int_equal(published_count(fixture), 0);
}

static void an_answer_about_an_unknown_order_is_refused(void **state)
{
	struct fixture *fixture = *state;

	for (int event = 0; event < SAGA_EVENTS; event++)
		assert_int_equal(receive(fixture, product(APPLE), (enum saga_event)event), E_NOT_FOUND);
}

static void a_reservation_without_an_item_is_refused_and_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = place(fixture);
	struct order_line apple = {
		.product_id = product(APPLE), .name = "Apple", .quantity = 2, .unit_price_cents = 100};
	struct stock_event reserved = {
		.order_id = id, .items = {.items = &apple, .count = 1}, .total_cents = 200, .currency = "EUR"};

	assert_int_equal(
		decide(fixture, on_stock_reserved, (struct message){.type = STOCK_RESERVED, .body = &reserved}),
		E_INVALID);
	assert_int_equal(order_of(fixture, id)->state, PENDING);
	assert_int_equal(order_of(fixture, id)->total_cents, INT_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(both_answers_confirm_in_any_sequence_and_when_repeated),
		WITH_FIXTURE(confirming_publishes_prices_and_total_and_ends_the_deadline),
		WITH_FIXTURE(prices_stay_hidden_while_the_order_is_pending),
		WITH_FIXTURE(a_transition_without_an_event_takes_the_time_of_its_cause),
		WITH_FIXTURE(a_refusal_by_users_rejects_with_its_reason),
		WITH_FIXTURE(a_refusal_by_products_names_the_product),
		WITH_FIXTURE(the_deadline_expires_an_order_and_names_the_missing_answer),
		WITH_FIXTURE(a_final_state_never_changes),
		WITH_FIXTURE(a_stale_event_publishes_nothing),
		WITH_FIXTURE(an_end_is_published_again_when_products_holds_stock),
		WITH_FIXTURE(a_duplicate_publishes_the_same_event_ids),
		WITH_FIXTURE(a_duplicate_of_an_event_in_the_history_publishes_no_end),
		WITH_FIXTURE(an_answer_about_an_unknown_order_is_refused),
		WITH_FIXTURE(a_reservation_without_an_item_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
