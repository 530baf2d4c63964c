/* The commands of svc-orders: placing and cancelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "orders/tests/fixture.h"

/* ---- placing ---- */

static void placing_makes_a_pending_order_and_publishes_it(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = place(fixture);
	const struct order *order = order_of(fixture, id);
	const struct order_event *event = published(fixture)->body;

	assert_int_equal(order->state, PENDING);
	assert_int_equal(order->version, 1);
	assert_same_id(order->user_id, ALICE.user_id);
	assert_int_equal(order->item_count, 2);
	assert_int_equal(published_count(fixture), 1);
	assert_int_equal(published(fixture)->type, ORDER_PLACED);
	assert_int_equal(published(fixture)->sequence, 1);
	assert_same_id(published(fixture)->subject, id);
	assert_int_equal(event->status, ORDER_STATUS_PENDING);
	assert_int_equal(event->items.count, 2);
	assert_int_equal(event->expires_at, order->expires_us);
	assert_string_equal(event->note, "ring twice");
}

static void an_order_waits_as_long_as_the_settings_say(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = place(fixture);

	assert_int_equal(order_of(fixture, id)->expires_us, fixture->now_us + 10 * MINUTE_US);
	assert_int_equal(deadline_of(fixture, id), fixture->now_us + 10 * MINUTE_US);
}

static void placing_replies_with_the_pending_order_without_prices(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = place(fixture);
	const struct order_view *view = fixture->decision.reply;
	const struct order_line *lines = view->items.items;

	assert_same_id(view->id, id);
	assert_int_equal(view->status, ORDER_STATUS_PENDING);
	assert_int_equal(view->version, 1);
	assert_int_equal(view->total_cents, INT_ABSENT);
	assert_null(view->currency);
	assert_null(view->reason);
	assert_int_equal(lines[1].quantity, 2);
	assert_null(lines[1].name);
	assert_int_equal(lines[1].unit_price_cents, INT_ABSENT);
}

static void a_caller_without_a_token_cannot_place(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(place_products(fixture, NOBODY, (const int[]){APPLE}, 1), E_UNAUTHENTICATED);
	assert_int_equal(published_count(fixture), 0);
}

static void a_repeated_product_is_refused_by_the_name_of_its_field(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(place_products(fixture, ALICE, (const int[]){APPLE, PEAR, APPLE}, 3), E_INVALID);
	assert_string_equal(fixture->decision.refusal.field, "items[2].product_id");
	assert_string_equal(fixture->decision.refusal.code, "product_repeated");
	assert_int_equal(published_count(fixture), 0);
}

static void the_same_request_decided_again_makes_the_same_ids(void **state)
{
	struct fixture *fixture = *state, *again;
	struct uuid id = place(fixture);

	fixture_open((void **)&again);
	assert_same_id(place(again), id);
	assert_same_id(published(again)->id, published(fixture)->id);
	fixture_close((void **)&again);
}

/* ---- cancelling ---- */

static void the_owner_and_an_admin_cancel_a_pending_order(void **state)
{
	struct fixture *fixture = *state;

	for (int from = PENDING; from <= STOCK_HELD; from++) {
		struct uuid id = order_in(fixture, (enum order_state)from);

		assert_int_equal(cancel(fixture, id, from == PENDING ? ALICE : ADMIN), OK);
		assert_int_equal(published(fixture)->type, ORDER_CANCELLED);
		const struct order_view *view = fixture->decision.reply;
		assert_int_equal(view->status, ORDER_STATUS_CANCELLED);
		assert_null(view->reason);
		assert_int_equal(deadline_of(fixture, id), INT64_MIN);
	}
}

static void cancelling_again_gets_the_same_reply_and_publishes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = order_in(fixture, CANCELLED);

	assert_int_equal(cancel(fixture, id, ALICE), OK);
	assert_int_equal(published_count(fixture), 0);
	assert_int_equal(((const struct order_view *)fixture->decision.reply)->status, ORDER_STATUS_CANCELLED);
}

static void an_ended_order_cannot_be_cancelled(void **state)
{
	static const struct {
		enum order_state end;
		const char *code;
	} cases[] = {{CONFIRMED, "order_confirmed"}, {REJECTED, "order_rejected"}, {EXPIRED, "order_expired"}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 3; i++) {
		struct uuid id = order_in(fixture, cases[i].end);

		assert_int_equal(cancel(fixture, id, ALICE), E_CONFLICT);
		assert_string_equal(fixture->decision.refusal.code, cases[i].code);
		assert_int_equal(order_of(fixture, id)->state, cases[i].end);
		assert_int_equal(published_count(fixture), 0);
	}
}

static void an_order_of_another_user_does_not_exist(void **state)
{
	struct fixture *fixture = *state;
	struct uuid id = place(fixture);

	assert_int_equal(cancel(fixture, id, BOB), E_NOT_FOUND);
	assert_int_equal(cancel(fixture, id, NOBODY), E_UNAUTHENTICATED);
	assert_int_equal(cancel(fixture, product(APPLE), ALICE), E_NOT_FOUND);
	assert_int_equal(order_of(fixture, id)->state, PENDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(placing_makes_a_pending_order_and_publishes_it),
		WITH_FIXTURE(an_order_waits_as_long_as_the_settings_say),
		WITH_FIXTURE(placing_replies_with_the_pending_order_without_prices),
		WITH_FIXTURE(a_caller_without_a_token_cannot_place),
		WITH_FIXTURE(a_repeated_product_is_refused_by_the_name_of_its_field),
		WITH_FIXTURE(the_same_request_decided_again_makes_the_same_ids),
		WITH_FIXTURE(the_owner_and_an_admin_cancel_a_pending_order),
		WITH_FIXTURE(cancelling_again_gets_the_same_reply_and_publishes_nothing),
		WITH_FIXTURE(an_ended_order_cannot_be_cancelled),
		WITH_FIXTURE(an_order_of_another_user_does_not_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
