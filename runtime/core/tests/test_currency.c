/* Currencies and amounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/money/currency.h"

static void assert_money(int64_t minor_units, const char *code, const char *wanted)
{
	char text[MONEY_TEXT];

	money_text(minor_units, code, text);
	assert_string_equal(text, wanted);
}

static void amounts_have_the_digits_of_their_currency(void **state)
{
	(void)state;
	assert_money(3780, "EUR", "37.80 EUR");
	assert_money(5, "EUR", "0.05 EUR");
	assert_money(-105, "USD", "-1.05 USD");
	assert_money(1500, "JPY", "1500 JPY");
	assert_money(0, "KRW", "0 KRW");
	assert_money(1234, "KWD", "1.234 KWD");
	assert_money(7, "TND", "0.007 TND");
	assert_money(12345, "CLF", "1.2345 CLF");
	assert_money(INT64_MIN, "EUR", "-92233720368547758.08 EUR");
	assert_money(150, "ZZZ", "1.50 ZZZ");
}

static void codes_that_are_no_money_have_no_digits(void **state)
{
	static const char *const codes[] = {"ZZZ", "XXX", "XTS", "XAU", "eur", "EU", "EURO", "", "E1R", "UR ", "FAM"};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_int_equal(currency_digits(codes[i]), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_have_the_digits_of_their_currency),
		cmocka_unit_test(codes_that_are_no_money_have_no_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
