/* The events of orders and the stock, in every sequence of delivery. */
#include "products/tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int open_shop(void **state)
{
	static struct fixture fixture;

	fixture_open(&fixture);
	*state = &fixture;
	return 0;
}

static int close_shop(void **state)
{
	fixture_close(*state);
	return 0;
}

static void assert_stock(struct fixture *fixture, const struct uuid *id, int64_t on_hand, int64_t reserved)
{
	const struct product *product = fixture_find(fixture, id);

	assert_int_equal(product->on_hand, on_hand);
	assert_int_equal(product->reserved, reserved);
}

static void assert_stale(struct fixture *fixture, int type, const void *body)
{
	assert_int_equal(fixture_decide(fixture, type, body), E_STALE);
	assert_int_equal(fixture->output_count, 0);
}

static const struct stock_refused *assert_refused(struct fixture *fixture, const struct order_event *order,
						  const char *code)
{
	const struct stock_refused *event;

	assert_int_equal(fixture_decide(fixture, ORDER_PLACED, order), OK);
	event = fixture_only_event(fixture, STOCK_REFUSED);
	assert_string_equal(event->code, code);
	assert_true(uuid_equal(&event->order_id, &order->order_id));
	assert_int_equal(fixture_reservation(fixture, &order->order_id)->state, RESERVATION_REFUSED);
	assert_int_equal(fixture->deadline_count, 0);
	return event;
}

static void reserves_with_names_prices_and_the_stock_levels_after(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	struct product *chair = fixture_product(fixture, "chair", 9);
	const struct uuid products[] = {chair->id, lamp->id};
	const int64_t quantities[] = {4, 2};
	const struct order_event *order = fixture_order(fixture, 2, products, quantities);
	const struct stock_event *event;
	const struct order_line *lines;
	const struct stock_level *levels;

	chair->price_cents = 250;
	assert_int_equal(fixture_decide(fixture, ORDER_PLACED, order), OK);
	event = fixture_only_event(fixture, STOCK_RESERVED);
	lines = event->items.items;
	levels = event->stock.items;
	assert_true(uuid_equal(&fixture->outputs[0].subject, &order->order_id));
	assert_int_equal(fixture->outputs[0].sequence, 1);
	assert_int_equal(event->items.count, 2);
	assert_string_equal(lines[0].name, "chair");
	assert_int_equal(lines[0].unit_price_cents, 250);
	assert_int_equal(lines[0].quantity, 4);
	assert_string_equal(lines[1].name, "lamp");
	assert_int_equal(event->total_cents, 4 * 250 + 2 * 100);
	assert_string_equal(event->currency, "USD");
	assert_int_equal(event->expires_at, order->expires_at);
	assert_int_equal(event->stock.count, 2);
	assert_int_equal(levels[0].on_hand, 9);
	assert_int_equal(levels[0].reserved, 4);
	assert_int_equal(levels[0].sequence, 2);
	assert_stock(fixture, &lamp->id, 5, 2);
	assert_int_equal(fixture_find(fixture, &lamp->id)->version, 1);
}

static void sets_a_timer_for_a_minute_after_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	const struct order_event *order = fixture_order_one(fixture, &fixture_product(fixture, "lamp", 5)->id, 2);

	fixture_decide(fixture, ORDER_PLACED, order);
	assert_int_equal(fixture->deadline_count, 1);
	assert_int_equal(fixture->deadlines[0].type, RESERVATION_DEADLINE);
	assert_int_equal(fixture->deadlines[0].due_us, order->expires_at + MINUTE_US);
	assert_true(uuid_equal(&fixture->deadlines[0].subject, &order->order_id));
}

static void refuses_each_line_that_cannot_be_met_by_its_reason(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	struct product *franc = fixture_product(fixture, "franc", 5), *gone = fixture_product(fixture, "gone", 5);
	const struct uuid nothing = fixture_id(fixture);
	const int64_t ones[] = {1, 1};
	const struct stock_refused *event;

	franc->currency = "CHF";
	gone->withdrawn = true;
	event = assert_refused(fixture, fixture_order(fixture, 2, (struct uuid[]){lamp->id, nothing}, ones),
			       "product_unknown");
	assert_true(uuid_equal(&event->product_id, &nothing));
	event = assert_refused(fixture, fixture_order(fixture, 2, (struct uuid[]){lamp->id, gone->id}, ones),
			       "product_withdrawn");
	assert_true(uuid_equal(&event->product_id, &gone->id));
	assert_string_equal(event->detail, "\"gone\" is no longer sold");
	event = assert_refused(fixture, fixture_order(fixture, 2, (struct uuid[]){lamp->id, franc->id}, ones),
			       "mixed_currency");
	assert_true(uuid_equal(&event->product_id, &franc->id));
	event = assert_refused(fixture, fixture_order_one(fixture, &lamp->id, 6), "out_of_stock");
	assert_true(uuid_equal(&event->product_id, &lamp->id));
	assert_string_equal(event->detail, "6 of \"lamp\" asked for, 5 available");
	assert_int_equal(event->stock.count, 1);
	assert_stock(fixture, &lamp->id, 5, 0);
	assert_int_equal(fixture_find(fixture, &lamp->id)->sequence, 1);
}

static void publishes_with_a_refusal_the_stock_levels_that_it_read(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5), *chair = fixture_product(fixture, "chair", 1);
	const struct uuid products[] = {chair->id, fixture_id(fixture), lamp->id};
	const int64_t quantities[] = {1, 1, 2};

	fixture_decide(fixture, ORDER_PLACED, fixture_order_one(fixture, &lamp->id, 3));
	const struct stock_refused *event =
		assert_refused(fixture, fixture_order(fixture, 3, products, quantities), "product_unknown");
	const struct stock_level *levels = event->stock.items;
	assert_int_equal(event->stock.count, 2); /* an unknown product has no stock level */
	assert_true(uuid_equal(&levels[0].product_id, &chair->id));
	assert_int_equal(levels[0].sequence, 1);
	assert_true(uuid_equal(&levels[1].product_id, &lamp->id));
	assert_int_equal(levels[1].reserved, 3);
	assert_int_equal(levels[1].sequence, 2);
}

static void accepts_an_order_all_in_another_currency(void **state)
{
	struct fixture *fixture = *state;
	struct product *franc = fixture_product(fixture, "franc", 5);

	franc->currency = "CHF";
	assert_int_equal(fixture_decide(fixture, ORDER_PLACED, fixture_order_one(fixture, &franc->id, 1)), OK);
	assert_string_equal(((const struct stock_event *)fixture_only_event(fixture, STOCK_RESERVED))->currency, "CHF");
}

static void ignores_an_order_that_has_expired(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct order_event *order = fixture_order_one(fixture, &lamp->id, 2);

	fixture->now_us = order->expires_at;
	assert_stale(fixture, ORDER_PLACED, order);
	assert_null(fixture_reservation(fixture, &order->order_id));
	fixture->now_us--;
	assert_int_equal(fixture_decide(fixture, ORDER_PLACED, order), OK);
}

static void answers_an_order_once_in_every_state(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct order_event *held = fixture_order_one(fixture, &lamp->id, 2);
	const struct order_event *refused = fixture_order_one(fixture, &lamp->id, 9);

	fixture_decide(fixture, ORDER_PLACED, held);
	assert_stale(fixture, ORDER_PLACED, held);
	fixture_decide(fixture, ORDER_PLACED, refused);
	assert_stale(fixture, ORDER_PLACED, refused);
	fixture_decide(fixture, ORDER_CONFIRMED, held);
	assert_stale(fixture, ORDER_PLACED, held);
	assert_stock(fixture, &lamp->id, 3, 0);
}

static void sells_a_reservation_once(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct order_event *order = fixture_order_one(fixture, &lamp->id, 2);
	const struct stock_event *event;

	fixture_decide(fixture, ORDER_PLACED, order);
	assert_int_equal(fixture_decide(fixture, ORDER_CONFIRMED, order), OK);
	event = fixture_only_event(fixture, STOCK_SOLD);
	assert_int_equal(fixture->outputs[0].sequence, 2);
	assert_int_equal(event->expires_at, INT_ABSENT);
	assert_int_equal(event->total_cents, 200);
	assert_int_equal(((const struct stock_level *)event->stock.items)->on_hand, 3);
	assert_int_equal(((const struct stock_level *)event->stock.items)->reserved, 0);
	assert_int_equal(fixture->deadline_count, 1);
	assert_int_equal(fixture->deadlines[0].due_us, INT64_MIN);
	assert_int_equal(fixture_reservation(fixture, &order->order_id)->state, RESERVATION_SOLD);
	assert_stale(fixture, ORDER_CONFIRMED, order);
	assert_stock(fixture, &lamp->id, 3, 0);
}

static void releases_a_reservation_once_for_every_end(void **state)
{
	static const int ends[] = {ORDER_REJECTED, ORDER_EXPIRED, ORDER_CANCELLED};
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);

	for (size_t i = 0; i < 3; i++) {
		const struct order_event *order = fixture_order_one(fixture, &lamp->id, 2);

		fixture_decide(fixture, ORDER_PLACED, order);
		assert_stock(fixture, &lamp->id, 5, 2);
		assert_int_equal(fixture_decide(fixture, ends[i], order), OK);
		fixture_only_event(fixture, STOCK_RELEASED);
		assert_int_equal(fixture->deadlines[0].due_us, INT64_MIN);
		assert_stock(fixture, &lamp->id, 5, 0);
		assert_stale(fixture, ends[i], order);
		assert_stock(fixture, &lamp->id, 5, 0);
	}
}

static void releases_at_the_prices_and_names_of_the_reservation(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct order_event *order = fixture_order_one(fixture, &lamp->id, 2);
	const struct products_change dearer = {.id = lamp->id,
					       .expected_version = INT_ABSENT,
					       .name = "Dear lamp",
					       .price_cents = 999,
					       .status = PRODUCT_INACTIVE};
	const struct stock_event *event;

	fixture_decide(fixture, ORDER_PLACED, order);
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CHANGE, &dearer), OK);
	assert_int_equal(fixture_decide(fixture, ORDER_CONFIRMED, order), OK);
	event = fixture_only_event(fixture, STOCK_SOLD);
	assert_string_equal(((const struct order_line *)event->items.items)->name, "lamp");
	assert_int_equal(event->total_cents, 200);
}

static void leaves_a_tombstone_where_the_release_comes_first(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct order_event *order = fixture_order_one(fixture, &lamp->id, 2);

	struct message cancelled = fixture_message(fixture, ORDER_CANCELLED, order);

	cancelled.time_us -= SECOND_US;
	fixture_batch(fixture, &cancelled, 1);
	assert_int_equal(fixture->decisions[0].status, OK);
	assert_int_equal(fixture->output_count, 0);
	assert_int_equal(fixture_reservation(fixture, &order->order_id)->state, RESERVATION_RELEASED);
	assert_int_equal(fixture_reservation(fixture, &order->order_id)->updated_at, cancelled.time_us);
	assert_stale(fixture, ORDER_PLACED, order);
	assert_stale(fixture, ORDER_CANCELLED, order);
	assert_stock(fixture, &lamp->id, 5, 0);
}

static void settles_release_before_reserve_within_one_batch(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct order_event *order = fixture_order_one(fixture, &lamp->id, 2);
	const struct message batch[] = {fixture_message(fixture, ORDER_REJECTED, order),
					fixture_message(fixture, ORDER_PLACED, order),
					fixture_message(fixture, ORDER_REJECTED, order)};

	fixture_batch(fixture, batch, 3);
	assert_int_equal(fixture->decisions[0].status, OK);
	assert_int_equal(fixture->decisions[1].status, E_STALE);
	assert_int_equal(fixture->decisions[2].status, E_STALE);
	assert_int_equal(fixture->output_count, 0);
	assert_stock(fixture, &lamp->id, 5, 0);
}

static void publishes_nothing_at_the_end_of_a_refused_order(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct order_event *order = fixture_order_one(fixture, &lamp->id, 9);

	assert_refused(fixture, order, "out_of_stock");
	assert_stale(fixture, ORDER_REJECTED, order);
}

static void refuses_an_impossible_confirmation(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct order_event *unheard = fixture_order_one(fixture, &lamp->id, 2);
	const struct order_event *released = fixture_order_one(fixture, &lamp->id, 2);
	const struct order_event *sold = fixture_order_one(fixture, &lamp->id, 2);

	assert_int_equal(fixture_decide(fixture, ORDER_CONFIRMED, unheard), E_NOT_FOUND);
	fixture_decide(fixture, ORDER_PLACED, released);
	fixture_decide(fixture, ORDER_EXPIRED, released);
	assert_int_equal(fixture_decide(fixture, ORDER_CONFIRMED, released), E_CONFLICT);
	fixture_decide(fixture, ORDER_PLACED, sold);
	fixture_decide(fixture, ORDER_CONFIRMED, sold);
	assert_int_equal(fixture_decide(fixture, ORDER_CANCELLED, sold), E_CONFLICT);
	assert_stock(fixture, &lamp->id, 3, 0);
}

static void undoes_all_lines_when_a_product_is_in_two(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5);
	const struct uuid twice[] = {lamp->id, lamp->id};
	const int64_t threes[] = {3, 3};

	assert_int_equal(fixture_decide(fixture, ORDER_PLACED, fixture_order(fixture, 2, twice, threes)), E_INVALID);
	assert_stock(fixture, &lamp->id, 5, 0);
}

static void settles_only_the_lines_that_were_reserved(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 5), *chair = fixture_product(fixture, "chair", 5);
	const struct order_event *order = fixture_order_one(fixture, &lamp->id, 2);
	struct order_event *other = fixture_order_one(fixture, &chair->id, 2);

	other->order_id = order->order_id;
	fixture_decide(fixture, ORDER_PLACED, order);
	assert_int_equal(fixture_decide(fixture, ORDER_CONFIRMED, other), E_INVALID);
	assert_stock(fixture, &lamp->id, 5, 2);
	assert_stock(fixture, &chair->id, 5, 0);
}

/* As in a batch that loaded the product before another replica reserved, and the reservation after it. */
static void changes_nothing_when_a_product_has_less_reserved(void **state)
{
	struct fixture *fixture = *state;
	const struct product *chair = fixture_product(fixture, "chair", 5), *lamp = fixture_product(fixture, "lamp", 5);
	const struct uuid products[] = {chair->id, lamp->id};
	const int64_t twos[] = {2, 2};
	const struct order_event *order = fixture_order(fixture, 2, products, twos);

	fixture_decide(fixture, ORDER_PLACED, order);
	struct product *before = fixture_change(fixture, &lamp->id);
	product_release(before, 1);
	assert_int_equal(fixture_decide(fixture, ORDER_CONFIRMED, order), E_CONFLICT);
	assert_int_equal(fixture_decide(fixture, ORDER_EXPIRED, order), E_CONFLICT);
	assert_stock(fixture, &chair->id, 5, 2);
	assert_int_equal(fixture_reservation(fixture, &order->order_id)->state, RESERVATION_HELD);
}

static void gives_the_last_item_to_the_first_of_two_orders_in_one_batch(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 1);
	const struct message both[] = {
		fixture_message(fixture, ORDER_PLACED, fixture_order_one(fixture, &lamp->id, 1)),
		fixture_message(fixture, ORDER_PLACED, fixture_order_one(fixture, &lamp->id, 1))};

	fixture_batch(fixture, both, 2);
	assert_int_equal(fixture->output_count, 2);
	assert_int_equal(fixture->outputs[0].type, STOCK_RESERVED);
	assert_int_equal(fixture->outputs[1].type, STOCK_REFUSED);
	assert_stock(fixture, &lamp->id, 1, 1);
}

static void serves_a_hundred_buyers_of_a_hot_product_in_one_batch(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 60);
	struct message buyers[100];
	size_t reserved = 0;

	for (size_t i = 0; i < 100; i++)
		buyers[i] = fixture_message(fixture, ORDER_PLACED, fixture_order_one(fixture, &lamp->id, 1));
	fixture_batch(fixture, buyers, 100);
	assert_int_equal(fixture->output_count, 100);
	for (size_t i = 0; i < 100; i++)
		reserved += fixture->outputs[i].type == STOCK_RESERVED;
	assert_int_equal(reserved, 60);
	assert_int_equal(fixture->outputs[59].type, STOCK_RESERVED);
	assert_int_equal(fixture->outputs[60].type, STOCK_REFUSED);
	assert_stock(fixture, &lamp->id, 60, 60);
	assert_int_equal(fixture_find(fixture, &lamp->id)->sequence, 61);
}

static void sells_within_the_batch_that_freed_the_stock(void **state)
{
	struct fixture *fixture = *state;
	const struct product *lamp = fixture_product(fixture, "lamp", 1);
	const struct order_event *first = fixture_order_one(fixture, &lamp->id, 1);
	const struct order_event *second = fixture_order_one(fixture, &lamp->id, 1);
	const struct message batch[] = {
		fixture_message(fixture, ORDER_PLACED, first), fixture_message(fixture, ORDER_CANCELLED, first),
		fixture_message(fixture, ORDER_PLACED, second), fixture_message(fixture, ORDER_CONFIRMED, second)};

	fixture_batch(fixture, batch, 4);
	assert_int_equal(fixture->output_count, 4);
	assert_int_equal(fixture->outputs[3].type, STOCK_SOLD);
	assert_stock(fixture, &lamp->id, 0, 0);
}

static void publishes_reservation_overdue_while_a_reservation_is_held(void **state)
{
	struct fixture *fixture = *state;
	const struct order_event *order = fixture_order_one(fixture, &fixture_product(fixture, "lamp", 5)->id, 2);
	const struct order_timer note = {.order_id = order->order_id};
	const struct order_timer *asked;

	fixture_decide(fixture, ORDER_PLACED, order);
	fixture->now_us = order->expires_at + MINUTE_US;
	assert_int_equal(fixture_decide(fixture, RESERVATION_DEADLINE, &note), OK);
	asked = fixture_only_event(fixture, RESERVATION_OVERDUE);
	assert_true(uuid_equal(&asked->order_id, &order->order_id));
	assert_int_equal(fixture->deadline_count, 0);
	fixture_decide(fixture, ORDER_EXPIRED, order);
	assert_int_equal(fixture_decide(fixture, RESERVATION_DEADLINE, &note), OK);
	assert_int_equal(fixture->output_count, 0);
	assert_int_equal(fixture->deadline_count, 1);
	assert_int_equal(fixture->deadlines[0].due_us, INT64_MIN);
}

#define in_a_shop(test) cmocka_unit_test_setup_teardown(test, open_shop, close_shop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_shop(reserves_with_names_prices_and_the_stock_levels_after),
		in_a_shop(sets_a_timer_for_a_minute_after_the_deadline),
		in_a_shop(refuses_each_line_that_cannot_be_met_by_its_reason),
		in_a_shop(publishes_with_a_refusal_the_stock_levels_that_it_read),
		in_a_shop(accepts_an_order_all_in_another_currency),
		in_a_shop(ignores_an_order_that_has_expired),
		in_a_shop(answers_an_order_once_in_every_state),
		in_a_shop(sells_a_reservation_once),
		in_a_shop(releases_a_reservation_once_for_every_end),
		in_a_shop(releases_at_the_prices_and_names_of_the_reservation),
		in_a_shop(leaves_a_tombstone_where_the_release_comes_first),
		in_a_shop(settles_release_before_reserve_within_one_batch),
		in_a_shop(publishes_nothing_at_the_end_of_a_refused_order),
		in_a_shop(refuses_an_impossible_confirmation),
		in_a_shop(undoes_all_lines_when_a_product_is_in_two),
		in_a_shop(settles_only_the_lines_that_were_reserved),
		in_a_shop(changes_nothing_when_a_product_has_less_reserved),
		in_a_shop(gives_the_last_item_to_the_first_of_two_orders_in_one_batch),
		in_a_shop(serves_a_hundred_buyers_of_a_hot_product_in_one_batch),
		in_a_shop(sells_within_the_batch_that_freed_the_stock),
		in_a_shop(publishes_reservation_overdue_while_a_reservation_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
