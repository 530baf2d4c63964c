/* The decisions about the catalogue, and who may make them. */
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

static struct products_create lamp_wanted(const char *sku)
{
	return (struct products_create){
		.sku = sku, .name = "Lamp", .price_cents = 100, .currency = "USD", .on_hand = INT_ABSENT};
}

static struct products_change no_change(const struct uuid *id)
{
	return (struct products_change){
		.id = *id, .expected_version = INT_ABSENT, .price_cents = INT_ABSENT, .status = -1};
}

static struct products_adjust_stock counted(const struct uuid *id, int64_t delta)
{
	return (struct products_adjust_stock){.id = *id, .expected_version = INT_ABSENT, .delta = delta};
}

static void assert_refused(const struct fixture *fixture, enum status status, const char *code)
{
	assert_int_equal(fixture->decisions[0].status, status);
	assert_string_equal(fixture->decisions[0].refusal.code, code);
	assert_int_equal(fixture->output_count, 0);
}

static void creates_a_product_with_its_stock(void **state)
{
	struct fixture *fixture = *state;
	struct products_create wanted = lamp_wanted("L-1");
	const struct product_view *event;

	wanted.on_hand = 7;
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CREATE, &wanted), OK);
	event = fixture_only_event(fixture, PRODUCT_CREATED);
	assert_ptr_equal(fixture->decisions[0].reply, event);
	assert_int_equal(event->on_hand, 7);
	assert_int_equal(event->available, 7);
	assert_int_equal(event->version, 1);
	assert_string_equal(event->description, "");
	assert_int_equal(event->created_at, fixture->now_us);
	assert_int_equal(fixture->outputs[0].sequence, 1);
	assert_non_null(fixture_find(fixture, &event->id));
}

static void creates_a_product_without_stock_where_none_is_given(void **state)
{
	struct products_create wanted = lamp_wanted("L-1");

	assert_int_equal(fixture_decide(*state, PRODUCTS_CREATE, &wanted), OK);
	assert_int_equal(((const struct product_view *)fixture_only_event(*state, PRODUCT_CREATED))->on_hand, 0);
}

static void refuses_a_taken_sku(void **state)
{
	struct fixture *fixture = *state;
	struct products_create wanted = lamp_wanted("L-1");

	fixture_product(fixture, "L-1", 1);
	fixture_decide(fixture, PRODUCTS_CREATE, &wanted);
	assert_refused(fixture, E_CONFLICT, "sku_taken");
}

static void gives_a_sku_to_the_first_of_two_products_in_one_batch(void **state)
{
	struct fixture *fixture = *state;
	struct products_create wanted = lamp_wanted("L-1");
	const struct message both[] = {fixture_message(fixture, PRODUCTS_CREATE, &wanted),
				       fixture_message(fixture, PRODUCTS_CREATE, &wanted)};

	fixture_batch(fixture, both, 2);
	assert_int_equal(fixture->decisions[0].status, OK);
	assert_int_equal(fixture->decisions[1].status, E_CONFLICT);
	assert_int_equal(fixture->output_count, 1);
}

static void changes_the_named_fields_and_no_others(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 3);
	struct products_change change = no_change(&product->id);
	const struct product_view *event;

	change.name = "Bright lamp";
	change.price_cents = 250;
	fixture->now_us += SECOND_US;
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CHANGE, &change), OK);
	event = fixture_only_event(fixture, PRODUCT_CHANGED);
	assert_string_equal(event->name, "Bright lamp");
	assert_int_equal(event->price_cents, 250);
	assert_string_equal(event->sku, "L-1");
	assert_int_equal(event->on_hand, 3);
	assert_int_equal(event->version, 2);
	assert_int_equal(event->updated_at, fixture->now_us);
	assert_int_equal(fixture->outputs[0].sequence, 2);
}

static void a_change_that_changes_nothing_makes_no_version(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 3);
	struct products_change change = no_change(&product->id);

	change.name = "L-1";
	change.sku = "L-1";
	change.status = PRODUCT_ACTIVE;
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CHANGE, &change), OK);
	assert_int_equal(fixture->output_count, 0);
	assert_int_equal(((const struct product_view *)fixture->decisions[0].reply)->version, 1);
	assert_int_equal(fixture_find(fixture, &product->id)->sequence, 1);
}

static void refuses_a_change_of_another_version(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 3);
	struct products_change change = no_change(&product->id);
	struct products_adjust_stock adjustment = counted(&product->id, 1);

	change.name = "Bright lamp";
	change.expected_version = 2;
	fixture_decide(fixture, PRODUCTS_CHANGE, &change);
	assert_refused(fixture, E_PRECONDITION, "version_mismatch");
	adjustment.expected_version = 2;
	fixture_decide(fixture, PRODUCTS_ADJUST_STOCK, &adjustment);
	assert_refused(fixture, E_PRECONDITION, "version_mismatch");
	fixture_decide(fixture, PRODUCTS_WITHDRAW, &(struct by_id){.id = product->id, .expected_version = 2});
	assert_refused(fixture, E_PRECONDITION, "version_mismatch");
	change.expected_version = 1;
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CHANGE, &change), OK);
}

static void frees_the_sku_that_a_product_gives_up(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 3);
	struct products_change change = no_change(&product->id);
	struct products_create wanted = lamp_wanted("L-1");

	change.sku = "L-2";
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CHANGE, &change), OK);
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CREATE, &wanted), OK);
	change.sku = "L-1";
	fixture_decide(fixture, PRODUCTS_CHANGE, &change);
	assert_refused(fixture, E_CONFLICT, "sku_taken");
	assert_string_equal(fixture_find(fixture, &product->id)->sku, "L-2");
}

static void moves_a_sku_twice_in_one_batch(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 3);
	struct products_change second = no_change(&product->id), third = no_change(&product->id);
	struct products_create first = lamp_wanted("L-1"), middle = lamp_wanted("L-2");

	second.sku = "L-2";
	third.sku = "L-3";
	const struct message all[] = {
		fixture_message(fixture, PRODUCTS_CHANGE, &second), fixture_message(fixture, PRODUCTS_CHANGE, &third),
		fixture_message(fixture, PRODUCTS_CREATE, &first), fixture_message(fixture, PRODUCTS_CREATE, &middle)};
	fixture_batch(fixture, all, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(fixture->decisions[i].status, OK);
	assert_string_equal(fixture_find(fixture, &product->id)->sku, "L-3");
	fixture_decide(fixture, PRODUCTS_CREATE, &middle);
	assert_refused(fixture, E_CONFLICT, "sku_taken");
}

static void withdraws_once(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 3);
	const struct by_id asked = {.id = product->id, .expected_version = INT_ABSENT};
	const struct product_view *event;

	assert_int_equal(fixture_decide(fixture, PRODUCTS_WITHDRAW, &asked), OK);
	event = fixture_only_event(fixture, PRODUCT_WITHDRAWN);
	assert_int_equal(event->status, PRODUCT_INACTIVE);
	assert_int_equal(event->version, 2);
	assert_int_equal(fixture_decide(fixture, PRODUCTS_WITHDRAW, &asked), OK);
	assert_int_equal(fixture->output_count, 0);
	assert_int_equal(((const struct product_view *)fixture->decisions[0].reply)->version, 2);
}

static void publishes_a_withdrawal_by_either_request(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 3);
	struct products_change change = no_change(&product->id);

	change.status = PRODUCT_INACTIVE;
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CHANGE, &change), OK);
	fixture_only_event(fixture, PRODUCT_WITHDRAWN);
	change.status = PRODUCT_ACTIVE;
	assert_int_equal(fixture_decide(fixture, PRODUCTS_CHANGE, &change), OK);
	fixture_only_event(fixture, PRODUCT_CHANGED);
	assert_false(fixture_find(fixture, &product->id)->withdrawn);
}

static void adjusts_stock_down_to_what_is_reserved(void **state)
{
	struct fixture *fixture = *state;
	struct product *product = fixture_product(fixture, "L-1", 5);
	struct products_adjust_stock adjustment = counted(&product->id, -3);
	const struct stock_adjusted *event;

	product->reserved = 2;
	adjustment.reason = "broken";
	assert_int_equal(fixture_decide(fixture, PRODUCTS_ADJUST_STOCK, &adjustment), OK);
	event = fixture_only_event(fixture, STOCK_ADJUSTED);
	assert_int_equal(event->product.on_hand, 2);
	assert_int_equal(event->product.available, 0);
	assert_int_equal(event->product.version, 2);
	assert_int_equal(event->delta, -3);
	assert_string_equal(event->reason, "broken");
	assert_int_equal(((const struct product_view *)fixture->decisions[0].reply)->on_hand, 2);
	adjustment.delta = -1;
	fixture_decide(fixture, PRODUCTS_ADJUST_STOCK, &adjustment);
	assert_refused(fixture, E_CONFLICT, "stock_below_reserved");
}

static void refuses_more_stock_than_the_limit(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 1);
	struct products_adjust_stock adjustment = counted(&product->id, STOCK_MAX);

	fixture_decide(fixture, PRODUCTS_ADJUST_STOCK, &adjustment);
	assert_refused(fixture, E_INVALID, "invalid");
	assert_string_equal(fixture->decisions[0].refusal.field, "delta");
	adjustment.delta = 0;
	fixture_decide(fixture, PRODUCTS_ADJUST_STOCK, &adjustment);
	assert_refused(fixture, E_INVALID, "invalid");
	adjustment.delta = STOCK_MAX - 1;
	assert_int_equal(fixture_decide(fixture, PRODUCTS_ADJUST_STOCK, &adjustment), OK);
}

static void finds_no_product_by_a_wrong_id(void **state)
{
	struct fixture *fixture = *state;
	const struct uuid id = fixture_id(fixture);
	const struct products_change change = no_change(&id);
	const struct products_adjust_stock adjustment = counted(&id, 1);

	fixture_decide(fixture, PRODUCTS_CHANGE, &change);
	assert_refused(fixture, E_NOT_FOUND, "not_found");
	fixture_decide(fixture, PRODUCTS_ADJUST_STOCK, &adjustment);
	assert_refused(fixture, E_NOT_FOUND, "not_found");
	fixture_decide(fixture, PRODUCTS_WITHDRAW, &(struct by_id){.id = id, .expected_version = INT_ABSENT});
	assert_refused(fixture, E_NOT_FOUND, "not_found");
}

static void refuses_every_caller_but_admins(void **state)
{
	struct fixture *fixture = *state;
	const struct product *product = fixture_product(fixture, "L-1", 3);
	const struct products_create wanted = lamp_wanted("L-2");
	const struct products_adjust_stock adjustment = counted(&product->id, 1);
	const struct products_change change = no_change(&product->id);
	const struct by_id withdrawal = {.id = product->id, .expected_version = INT_ABSENT};
	const struct {
		int type;
		const void *body;
	} requests[] = {{PRODUCTS_CREATE, &wanted},
			{PRODUCTS_CHANGE, &change},
			{PRODUCTS_WITHDRAW, &withdrawal},
			{PRODUCTS_ADJUST_STOCK, &adjustment}};

	for (size_t i = 0; i < 4; i++) {
		fixture->caller.role = CALLER_CUSTOMER;
		fixture_decide(fixture, requests[i].type, requests[i].body);
		assert_refused(fixture, E_FORBIDDEN, "forbidden");
		fixture->caller.role = CALLER_NOBODY;
		fixture_decide(fixture, requests[i].type, requests[i].body);
		assert_refused(fixture, E_UNAUTHENTICATED, "unauthenticated");
	}
	assert_int_equal(fixture_find(fixture, &product->id)->sequence, 1);
}

#define in_a_shop(test) cmocka_unit_test_setup_teardown(test, open_shop, close_shop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_shop(creates_a_product_with_its_stock),
		in_a_shop(creates_a_product_without_stock_where_none_is_given),
		in_a_shop(refuses_a_taken_sku),
		in_a_shop(gives_a_sku_to_the_first_of_two_products_in_one_batch),
		in_a_shop(changes_the_named_fields_and_no_others),
		in_a_shop(a_change_that_changes_nothing_makes_no_version),
		in_a_shop(refuses_a_change_of_another_version),
		in_a_shop(frees_the_sku_that_a_product_gives_up),
		in_a_shop(moves_a_sku_twice_in_one_batch),
		in_a_shop(withdraws_once),
		in_a_shop(publishes_a_withdrawal_by_either_request),
		in_a_shop(adjusts_stock_down_to_what_is_reserved),
		in_a_shop(refuses_more_stock_than_the_limit),
		in_a_shop(finds_no_product_by_a_wrong_id),
		in_a_shop(refuses_every_caller_but_admins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
