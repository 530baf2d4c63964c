/* Named formats, faults, blank structs, UTF-8, and types by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/message.h"
#include "core/schema.h"
#include "core/utf8.h"

static void takes(const char *format, const char *text)
{
	const char *fault = format_fault(format, text);

	if (fault != NULL)
		fail_msg("%s refused \"%s\": %s", format, text, fault);
}

static void refuses(const char *format, const char *text)
{
	if (format_fault(format, text) == NULL)
		fail_msg("%s took \"%s\"", format, text);
}

static void accepts_common_addresses(void **state)
{
	(void)state;
	takes("email", "ann@example.org");
	takes("email", "ann.o'neill+orders@mail.example.co.uk");
	takes("email", "root@localhost");
	takes("email", "a@1.example");
	takes("email", "j\xc3\xbcrgen@m\xc3\xbcller.example");
	takes("email", "1234567890123456789012345678901234567890123456789012345678901234@example.org");
}

static void refuses_malformed_addresses(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"ann",
		"ann@",
		"@example.org",
		"ann@@example.org",
		"ann@b@example.org",
		"ann example@example.org",
		"ann@example org",
		"ann@exam\tple.org",
		"ann\n@example.org",
		".ann@example.org",
		"ann.@example.org",
		"an..n@example.org",
		"ann@.example.org",
		"ann@example.org.",
		"ann@example..org",
		"ann@-example.org",
		"ann@example-.org",
		"<ann@example.org>",
		"ann,bob@example.org",
		"ann@exam_ple.org",
		"12345678901234567890123456789012345678901234567890123456789012345@example.org",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		refuses("email", bad[i]);
}

static void refuses_an_address_of_more_than_254_bytes(void **state)
{
	(void)state;
	char text[300] = "ann@";

	for (int i = 0; i < 24; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "123456789.");
	(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s", "1234567890");
	assert_int_equal(strlen(text), 254);
	takes("email", text);
	text[254] = '1';
	refuses("email", text);
}

static void accepts_currencies_of_iso_4217(void **state)
{
	(void)state;
	takes("currency", "EUR");
	takes("currency", "JPY");
	takes("currency", "KWD");
	refuses("currency", "ZZZ");
	refuses("currency", "XXX");
	refuses("currency", "eur");
	refuses("currency", "EU");
	refuses("currency", "EURO");
	refuses("currency", "E1R");
	refuses("currency", "");
}

static void accepts_stock_keeping_units_of_plain_characters(void **state)
{
	(void)state;
	takes("sku", "A");
	takes("sku", "TEA/green_250.g-2");
	takes("sku", "1234567890123456789012345678901234567890123456789012345678901234");
	refuses("sku", "12345678901234567890123456789012345678901234567890123456789012345");
	refuses("sku", "");
	refuses("sku", "TEA 1");
	refuses("sku", "TH\xc3\x89");
}

static void measures_passwords_in_bytes(void **state)
{
	(void)state;
	char text[258] = {0};

	refuses("password", "1234567");
	takes("password", "12345678");
	takes("password", "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc");
	memset(text, 'x', 256);
	takes("password", text);
	text[256] = 'x';
	refuses("password", text);
}

static void counts_faults_beyond_those_it_keeps(void **state)
{
	(void)state;
	struct arena arena;
	struct faults faults = {0};

	arena_init(&arena);
	for (int i = 0; i < 40; i++)
		faults_add(&faults, &arena, "items", "fault %d", i);
	assert_int_equal(faults.count, 40);
	assert_string_equal(faults.items[0].field, "items");
	assert_string_equal(faults.items[15].message, "fault 15");
	arena_done(&arena);
}

struct sample {
	const char *text;
	int64_t number, at;
	int kind;
	struct uuid id;
	struct list list;
	enum tristate flag;
};

static void in_a_blank_struct_every_field_is_absent(void **state)
{
	(void)state;
	static const char *const kinds[] = {"one", NULL};
	static const struct field fields[] = {
		field_text(struct sample, text, 0, 0, 0),
		field_int(struct sample, number, 0, 0, 0),
		field_timestamp(struct sample, at, 0),
		field_enum(struct sample, kind, 0, kinds),
		field_uuid(struct sample, id, 0),
		field_bool(struct sample, flag, 0),
		field_end,
	};
	static const struct schema schema = {"sample", sizeof(struct sample), fields};
	struct sample sample;

	memset(&sample, 0x55, sizeof sample);
	schema_blank(&schema, &sample);
	assert_null(sample.text);
	assert_true(sample.number == INT_ABSENT);
	assert_true(sample.at == INT_ABSENT);
	assert_int_equal(sample.kind, -1);
	assert_true(uuid_is_nil(&sample.id));
	assert_int_equal(sample.list.count, 0);
	assert_int_equal(sample.flag, ABSENT);
}

static void reads_code_points_of_every_length(void **state)
{
	(void)state;
	uint32_t point = 0;

	assert_int_equal(utf8_next("a", 1, &point), 1);
	assert_int_equal(point, 'a');
	assert_int_equal(utf8_next("\xc3\xbc", 2, &point), 2);
	assert_int_equal(point, 0xfc);
	assert_int_equal(utf8_next("\xe2\x82\xac", 3, &point), 3);
	assert_int_equal(point, 0x20ac);
	assert_int_equal(utf8_next("\xf0\x9f\x8d\xb5", 4, &point), 4);
	assert_int_equal(point, 0x1f375);
	assert_int_equal(utf8_next("\xf4\x8f\xbf\xbf", 4, &point), 4);
	assert_int_equal(point, 0x10ffff);
}

static void refuses_bytes_that_are_not_utf8(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xc3(",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xfe",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(utf8_next(bad[i], strlen(bad[i]), NULL), 0);
	assert_int_equal(utf8_next("", 0, NULL), 0);
}

static void finds_a_type_by_name_and_version(void **state)
{
	(void)state;
	static const struct message_type types[] = {
		{.name = "order.placed", .version = 1},
		{.name = "order.placed", .version = 2},
		{.name = "order.expired", .version = 1},
	};
	static const struct contract contract = {.types = types, .count = 3};

	assert_int_equal(contract_find(&contract, "order.placed", 1), 0);
	assert_int_equal(contract_find(&contract, "order.placed", 2), 1);
	assert_int_equal(contract_find(&contract, "order.placed", 0), 0);
	assert_int_equal(contract_find(&contract, "order.expired", 0), 2);
	assert_int_equal(contract_find(&contract, "order.placed", 3), -1);
	assert_int_equal(contract_find(&contract, "order.renamed", 0), -1);
}

static void finds_a_role_by_its_name(void **state)
{
	static const char *const roles[] = {"nobody", "reader", NULL};
	static const struct contract contract = {.roles = roles}, without = {.roles = NULL};

	(void)state;
	assert_int_equal(contract_role(&contract, "nobody"), 0);
	assert_int_equal(contract_role(&contract, "reader"), 1);
	assert_int_equal(contract_role(&contract, "writer"), -1);
	assert_int_equal(contract_role(&without, "nobody"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_common_addresses),
		cmocka_unit_test(refuses_malformed_addresses),
		cmocka_unit_test(refuses_an_address_of_more_than_254_bytes),
		cmocka_unit_test(accepts_currencies_of_iso_4217),
		cmocka_unit_test(accepts_stock_keeping_units_of_plain_characters),
		cmocka_unit_test(measures_passwords_in_bytes),
		cmocka_unit_test(counts_faults_beyond_those_it_keeps),
		cmocka_unit_test(in_a_blank_struct_every_field_is_absent),
		cmocka_unit_test(reads_code_points_of_every_length),
		cmocka_unit_test(refuses_bytes_that_are_not_utf8),
		cmocka_unit_test(finds_a_type_by_name_and_version),
		cmocka_unit_test(finds_a_role_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
