/* The rules of products and reservations alone. */
#include "products/domain/reservation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct product lamp = {.name = "Lamp", .currency = "USD", .price_cents = 100, .on_hand = 5, .reserved = 2};
static const struct product chair = {.name = "Chair", .currency = "USD", .price_cents = 300, .on_hand = 1};
static const struct product franc = {.name = "Franc", .currency = "CHF", .price_cents = 300, .on_hand = 9};
static const struct product gone = {.name = "Gone", .currency = "USD", .on_hand = 9, .withdrawn = true};

static void assert_answer(const struct demand *demands, size_t count, enum demand_answer answer, size_t line)
{
	struct demand_decision decision = demand_check(demands, count);

	assert_int_equal(decision.answer, answer);
	if (answer != DEMAND_MET)
		assert_int_equal(decision.line, line);
}

static void accepts_what_is_available_and_no_more(void **state)
{
	(void)state;
	assert_answer(&(struct demand){.product = &lamp, .quantity = 3}, 1, DEMAND_MET, 0);
	assert_answer(&(struct demand){.product = &lamp, .quantity = 4}, 1, DEMAND_OUT_OF_STOCK, 0);
}

static void names_the_first_line_that_cannot_be_met(void **state)
{
	const struct demand demands[] = {{.product = &lamp, .quantity = 1},
					 {.product = &chair, .quantity = 2},
					 {.product = &lamp, .quantity = 4}};

	(void)state;
	assert_answer(demands, 3, DEMAND_OUT_OF_STOCK, 1);
}

static void reports_a_permanent_reason_before_a_temporary_one(void **state)
{
	const struct demand short_and_unknown[] = {{.product = &chair, .quantity = 2},
						   {.product = NULL, .quantity = 1}};
	const struct demand short_and_gone[] = {{.product = &chair, .quantity = 2}, {.product = &gone, .quantity = 1}};
	const struct demand short_and_franc[] = {{.product = &chair, .quantity = 2},
						 {.product = &franc, .quantity = 1}};
	const struct demand gone_and_unknown[] = {{.product = &gone, .quantity = 1}, {.product = NULL, .quantity = 1}};
	const struct demand franc_and_gone[] = {{.product = &lamp, .quantity = 1},
						{.product = &franc, .quantity = 1},
						{.product = &gone, .quantity = 1}};

	(void)state;
	assert_answer(short_and_unknown, 2, DEMAND_UNKNOWN, 1);
	assert_answer(short_and_gone, 2, DEMAND_WITHDRAWN, 1);
	assert_answer(short_and_franc, 2, DEMAND_OTHER_CURRENCY, 1);
	assert_answer(gone_and_unknown, 2, DEMAND_UNKNOWN, 1);
	assert_answer(franc_and_gone, 3, DEMAND_WITHDRAWN, 2);
}

static void moves_stock_between_available_reserved_and_sold(void **state)
{
	struct product product = lamp;

	(void)state;
	product_reserve(&product, 3);
	assert_int_equal(product_available(&product), 0);
	product_release(&product, 1);
	assert_int_equal(product_available(&product), 1);
	product_sell(&product, 4);
	assert_int_equal(product.on_hand, 1);
	assert_int_equal(product.reserved, 0);
	assert_int_equal(product.sequence, 3);
	assert_int_equal(product.version, 0);
}

static void adjusts_to_no_less_than_reserved_and_no_more_than_the_limit(void **state)
{
	(void)state;
	assert_int_equal(product_adjustment(&lamp, -3, 100), ADJUSTMENT_FITS);
	assert_int_equal(product_adjustment(&lamp, -4, 100), ADJUSTMENT_BELOW_RESERVED);
	assert_int_equal(product_adjustment(&lamp, 95, 100), ADJUSTMENT_FITS);
	assert_int_equal(product_adjustment(&lamp, 96, 100), ADJUSTMENT_TOO_MUCH);
}

static void totals_the_largest_order_exactly(void **state)
{
	struct reserved_line lines[100];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		lines[i] = (struct reserved_line){.quantity = 10000, .unit_price_cents = 1000000000};
	assert_int_equal(reservation_total(lines, 100), 1000000000000000);
}

static void a_claim_is_open_to_its_holder_and_a_free_claim_to_all(void **state)
{
	const struct uuid a = {{1}}, b = {{2}};
	const struct sku_claim held = {.product_id = a}, open = {.product_id = {{0}}};

	(void)state;
	assert_true(sku_claim_open_to(&held, &a));
	assert_false(sku_claim_open_to(&held, &b));
	assert_true(sku_claim_open_to(&open, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_is_available_and_no_more),
		cmocka_unit_test(names_the_first_line_that_cannot_be_met),
		cmocka_unit_test(reports_a_permanent_reason_before_a_temporary_one),
		cmocka_unit_test(moves_stock_between_available_reserved_and_sold),
		cmocka_unit_test(adjusts_to_no_less_than_reserved_and_no_more_than_the_limit),
		cmocka_unit_test(totals_the_largest_order_exactly),
		cmocka_unit_test(a_claim_is_open_to_its_holder_and_a_free_claim_to_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
