/* What svc-orders decides, message by message. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "history.h"
#include "scene.h"
#include "views.h"

static void assert_same_id(struct uuid a, struct uuid b)
{
	assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
}

/* ---- placing ---- */

static void placing_makes_a_pending_order_and_tells_everyone(void **state)
{
	struct scene *scene = *state;
	struct uuid id = place(scene);
	const struct order *order = order_of(scene, id);
	const struct order_event *told = said(scene)->body;

	assert_int_equal(order->state, PENDING);
	assert_int_equal(order->version, 1);
	assert_same_id(order->user_id, ALICE.user_id);
	assert_int_equal(order->item_count, 2);
	assert_int_equal(said_count(scene), 1);
	assert_int_equal(said(scene)->type, ORDER_PLACED);
	assert_int_equal(said(scene)->sequence, 1);
	assert_same_id(said(scene)->subject, id);
	assert_int_equal(told->status, ORDER_STATUS_PENDING);
	assert_int_equal(told->items.count, 2);
	assert_int_equal(told->expires_at, order->expires_us);
	assert_string_equal(told->note, "ring twice");
}

static void an_order_waits_as_long_as_the_terms_say(void **state)
{
	struct scene *scene = *state;
	struct uuid id = place(scene);

	assert_int_equal(order_of(scene, id)->expires_us, scene->now_us + 10 * MINUTE_US);
	assert_int_equal(deadline_of(scene, id), scene->now_us + 10 * MINUTE_US);
}

static void placing_answers_with_the_pending_order_without_prices(void **state)
{
	struct scene *scene = *state;
	struct uuid id = place(scene);
	const struct order_view *view = scene->verdict.reply;
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

static void nobody_cannot_place(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(ask_for(scene, NOBODY, (const int[]){APPLE}, 1), E_UNAUTHENTICATED);
	assert_int_equal(said_count(scene), 0);
}

static void a_product_twice_is_refused_by_the_name_of_its_field(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(ask_for(scene, ALICE, (const int[]){APPLE, PEAR, APPLE}, 3), E_INVALID);
	assert_string_equal(scene->verdict.refusal.field, "items[2].product_id");
	assert_string_equal(scene->verdict.refusal.code, "product_repeated");
	assert_int_equal(said_count(scene), 0);
}

static void the_same_request_decided_again_makes_the_same_ids(void **state)
{
	struct scene *scene = *state, *again;
	struct uuid id = place(scene);

	scene_open((void **)&again);
	assert_same_id(place(again), id);
	assert_same_id(said(again)->id, said(scene)->id);
	scene_close((void **)&again);
}

/* ---- the saga ---- */

static void both_answers_confirm_in_either_order_however_often_they_come(void **state)
{
	static const enum saga_event orders[][5] = {
	        {USER_OK, STOCK_OK, USER_OK, STOCK_OK, USER_OK},
	        {STOCK_OK, USER_OK, STOCK_OK, USER_OK, STOCK_OK},
	        {USER_OK, USER_OK, STOCK_OK, STOCK_OK, USER_OK},
	        {STOCK_OK, STOCK_OK, USER_OK, USER_OK, STOCK_OK},
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct uuid id = place(scene);
		size_t events = 0;

		for (size_t n = 0; n < 5; n++) {
			(void)tell(scene, id, orders[i][n]);
			events += said_count(scene);
		}
		assert_int_equal(order_of(scene, id)->state, CONFIRMED);
		assert_int_equal(order_of(scene, id)->version, 3);
		assert_int_equal(events, 1);
	}
}

static void confirming_tells_prices_and_total_and_ends_the_deadline(void **state)
{
	struct scene *scene = *state;
	struct uuid id = order_in(scene, CONFIRMED);
	const struct order_event *told = said(scene)->body;
	const struct order_line *lines = told->items.items;

	assert_int_equal(said(scene)->type, ORDER_CONFIRMED);
	assert_int_equal(said(scene)->sequence, 3);
	assert_int_equal(told->status, ORDER_STATUS_CONFIRMED);
	assert_int_equal(told->total_cents, 600);
	assert_string_equal(told->currency, "EUR");
	assert_int_equal(told->expires_at, INT_ABSENT);
	assert_same_id(lines[0].product_id, product(APPLE));
	assert_string_equal(lines[0].name, "Apple");
	assert_int_equal(lines[0].unit_price_cents, 100);
	assert_string_equal(lines[1].name, "Pear");
	assert_int_equal(lines[1].quantity, 2);
	assert_int_equal(deadline_of(scene, id), INT64_MIN);
}

static void prices_stay_hidden_while_the_goods_are_only_held(void **state)
{
	struct scene *scene = *state;
	struct uuid id = order_in(scene, STOCK_HELD);
	const struct order_view *view = order_view_of(order_of(scene, id), &scene->arena);

	assert_int_equal(view->status, ORDER_STATUS_PENDING);
	assert_int_equal(view->total_cents, INT_ABSENT);
	assert_null(((const struct order_line *)view->items.items)->name);
}

static void a_refusal_by_users_rejects_with_their_reason(void **state)
{
	static const enum order_state from[] = {PENDING, STOCK_HELD};
	struct scene *scene = *state;

	for (size_t i = 0; i < 2; i++) {
		struct uuid id = order_in(scene, from[i]);

		assert_int_equal(tell(scene, id, USER_NO), OK);
		const struct order_event *told = said(scene)->body;
		assert_int_equal(said(scene)->type, ORDER_REJECTED);
		assert_string_equal(told->reason->code, "user_disabled");
		assert_string_equal(told->reason->detail, "This account is disabled.");
		assert_int_equal(deadline_of(scene, id), INT64_MIN);
	}
}

static void a_refusal_by_products_names_the_product(void **state)
{
	static const enum order_state from[] = {PENDING, USER_KNOWN};
	struct scene *scene = *state;

	for (size_t i = 0; i < 2; i++) {
		struct uuid id = order_in(scene, from[i]);

		assert_int_equal(tell(scene, id, STOCK_NO), OK);
		const struct order_event *told = said(scene)->body;
		assert_int_equal(said(scene)->type, ORDER_REJECTED);
		assert_string_equal(told->reason->code, "out_of_stock");
		assert_same_id(told->reason->product_id, product(PEAR));
	}
}

static void the_deadline_expires_an_order_and_says_who_has_not_answered(void **state)
{
	static const struct {
		enum order_state from;
		const char *detail;
	} cases[] = {
	        {PENDING, "Neither users nor products"},
	        {USER_KNOWN, "Products had not"},
	        {STOCK_HELD, "Users had not"},
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < 3; i++) {
		struct uuid id = order_in(scene, cases[i].from);

		assert_int_equal(tell(scene, id, DEADLINE), OK);
		const struct order_event *told = said(scene)->body;
		assert_int_equal(said(scene)->type, ORDER_EXPIRED);
		assert_string_equal(told->reason->code, "deadline");
		assert_memory_equal(told->reason->detail, cases[i].detail, strlen(cases[i].detail));
		assert_int_equal(deadline_of(scene, id), INT64_MIN);
	}
}

static void an_end_is_final(void **state)
{
	static const enum saga_event events[] = {USER_OK, USER_NO, STOCK_OK, STOCK_NO, DEADLINE, OVERDUE};
	struct scene *scene = *state;

	for (int end = CONFIRMED; end < ORDER_STATES; end++) {
		struct uuid id = order_in(scene, (enum order_state)end);
		struct order ended = *order_of(scene, id);

		for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
			(void)tell(scene, id, events[i]);
			assert_memory_equal(order_of(scene, id), &ended, sizeof(ended));
		}
	}
}

static void a_stale_event_says_nothing(void **state)
{
	struct scene *scene = *state;
	struct uuid id = order_in(scene, REJECTED);

	assert_int_equal(tell(scene, id, USER_OK), E_STALE);
	assert_int_equal(said_count(scene), 0);
	id = order_in(scene, PENDING);
	assert_int_equal(tell(scene, id, OVERDUE), E_STALE);
	assert_int_equal(said_count(scene), 0);
}

static void an_end_is_said_again_to_who_holds_goods(void **state)
{
	static const int said_as[ORDER_STATES] = {
	        [CONFIRMED] = ORDER_CONFIRMED,
	        [REJECTED] = ORDER_REJECTED,
	        [EXPIRED] = ORDER_EXPIRED,
	        [CANCELLED] = ORDER_CANCELLED,
	};
	struct scene *scene = *state;

	for (int end = CONFIRMED; end < ORDER_STATES; end++) {
		struct uuid id = order_in(scene, (enum order_state)end);
		struct output first = *said(scene);

		assert_int_equal(tell(scene, id, end == CONFIRMED ? OVERDUE : STOCK_OK), OK);
		assert_int_equal(said_count(scene), 1);
		assert_int_equal(said(scene)->type, said_as[end]);
		assert_int_equal(said(scene)->sequence, first.sequence);
		assert_false(uuid_equal(&said(scene)->id, &first.id));
	}
}

static void an_answer_about_an_unknown_order_is_refused(void **state)
{
	struct scene *scene = *state;

	for (int event = 0; event < SAGA_EVENTS; event++)
		assert_int_equal(tell(scene, product(APPLE), (enum saga_event)event), E_NOT_FOUND);
}

static void a_reservation_that_misses_an_item_is_refused_and_changes_nothing(void **state)
{
	struct scene *scene = *state;
	struct uuid id = place(scene);
	struct order_line apple = {product(APPLE), "Apple", 2, 100};
	struct stock_event held = {.order_id = id, .items = {&apple, 1}, .total_cents = 200, .currency = "EUR"};

	assert_int_equal(decide(scene, on_stock_reserved, (struct message){.type = STOCK_RESERVED, .body = &held}),
	                 E_INVALID);
	assert_int_equal(order_of(scene, id)->state, PENDING);
	assert_int_equal(order_of(scene, id)->total_cents, INT_ABSENT);
}

/* ---- cancelling ---- */

static void its_owner_and_an_admin_cancel_an_open_order(void **state)
{
	struct scene *scene = *state;

	for (int from = PENDING; from <= STOCK_HELD; from++) {
		struct uuid id = order_in(scene, (enum order_state)from);

		assert_int_equal(cancel(scene, id, from == PENDING ? ALICE : ADMIN), OK);
		assert_int_equal(said(scene)->type, ORDER_CANCELLED);
		const struct order_view *view = scene->verdict.reply;
		assert_int_equal(view->status, ORDER_STATUS_CANCELLED);
		assert_null(view->reason);
		assert_int_equal(deadline_of(scene, id), INT64_MIN);
	}
}

static void cancelling_again_answers_alike_and_says_nothing(void **state)
{
	struct scene *scene = *state;
	struct uuid id = order_in(scene, CANCELLED);

	assert_int_equal(cancel(scene, id, ALICE), OK);
	assert_int_equal(said_count(scene), 0);
	assert_int_equal(((const struct order_view *)scene->verdict.reply)->status, ORDER_STATUS_CANCELLED);
}

static void an_order_that_ended_otherwise_cannot_be_cancelled(void **state)
{
	static const struct {
		enum order_state end;
		const char *code;
	} cases[] = {{CONFIRMED, "order_confirmed"}, {REJECTED, "order_rejected"}, {EXPIRED, "order_expired"}};
	struct scene *scene = *state;

	for (size_t i = 0; i < 3; i++) {
		struct uuid id = order_in(scene, cases[i].end);

		assert_int_equal(cancel(scene, id, ALICE), E_CONFLICT);
		assert_string_equal(scene->verdict.refusal.code, cases[i].code);
		assert_int_equal(order_of(scene, id)->state, cases[i].end);
		assert_int_equal(said_count(scene), 0);
	}
}

static void to_a_stranger_an_order_does_not_exist(void **state)
{
	struct scene *scene = *state;
	struct uuid id = place(scene);

	assert_int_equal(cancel(scene, id, BOB), E_NOT_FOUND);
	assert_int_equal(cancel(scene, id, NOBODY), E_UNAUTHENTICATED);
	assert_int_equal(cancel(scene, product(APPLE), ALICE), E_NOT_FOUND);
	assert_int_equal(order_of(scene, id)->state, PENDING);
}

/* ---- history ---- */

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
	struct told told;

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

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_SCENE(placing_makes_a_pending_order_and_tells_everyone),
	        IN_SCENE(an_order_waits_as_long_as_the_terms_say),
	        IN_SCENE(placing_answers_with_the_pending_order_without_prices),
	        IN_SCENE(nobody_cannot_place),
	        IN_SCENE(a_product_twice_is_refused_by_the_name_of_its_field),
	        IN_SCENE(the_same_request_decided_again_makes_the_same_ids),
	        IN_SCENE(both_answers_confirm_in_either_order_however_often_they_come),
	        IN_SCENE(confirming_tells_prices_and_total_and_ends_the_deadline),
	        IN_SCENE(prices_stay_hidden_while_the_goods_are_only_held),
	        IN_SCENE(a_refusal_by_users_rejects_with_their_reason),
	        IN_SCENE(a_refusal_by_products_names_the_product),
	        IN_SCENE(the_deadline_expires_an_order_and_says_who_has_not_answered),
	        IN_SCENE(an_end_is_final),
	        IN_SCENE(a_stale_event_says_nothing),
	        IN_SCENE(an_end_is_said_again_to_who_holds_goods),
	        IN_SCENE(an_answer_about_an_unknown_order_is_refused),
	        IN_SCENE(a_reservation_that_misses_an_item_is_refused_and_changes_nothing),
	        IN_SCENE(its_owner_and_an_admin_cancel_an_open_order),
	        IN_SCENE(cancelling_again_answers_alike_and_says_nothing),
	        IN_SCENE(an_order_that_ended_otherwise_cannot_be_cancelled),
	        IN_SCENE(to_a_stranger_an_order_does_not_exist),
	        IN_SCENE(the_history_is_whole_at_every_end),
	        IN_SCENE(what_is_heard_after_the_end_is_not_history),
	        IN_SCENE(the_history_names_each_event_as_it_was_published),
	        IN_SCENE(events_are_told_again_as_they_were),
	        IN_SCENE(refusals_are_told_again_with_their_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
