/* Finding members of a JSON text without parsing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "json/scan.h"

static void expect_member(const char *object, const char *name, const char *expected)
{
	const struct span text = json_scan_member(span_of(object), name);

	if (text.size != strlen(expected) || memcmp(text.size > 0 ? text.bytes : "", expected, text.size) != 0)
		fail_msg("%s of %s: \"%.*s\"", name, object, (int)text.size, text.size > 0 ? text.bytes : "");
}

static void finds_a_member_of_any_type(void **state)
{
	static const char object[] = "{ \"a\" : 1,\"b\":\"x\\\"y}\", \"c\":{\"d\":[1,{\"e\":2}]} ,\"f\":[],\"g\":null}";

	(void)state;
	expect_member(object, "a", "1");
	expect_member(object, "b", "\"x\\\"y}\"");
	expect_member(object, "c", "{\"d\":[1,{\"e\":2}]}");
	expect_member(object, "f", "[]");
	expect_member(object, "g", "null");
}

static void finds_no_member_of_an_inner_object(void **state)
{
	(void)state;
	expect_member("{\"a\":{\"b\":1},\"c\":[{\"b\":2}]}", "b", "");
	expect_member("{\"a\":\"\\\"b\\\":1\"}", "b", "");
	expect_member("[{\"b\":1}]", "b", "");
}

static void finds_nothing_in_a_truncated_text(void **state)
{
	static const char whole[] = "{\"a\":{\"x\":\"\\\\\"},\"b\":12}";

	(void)state;
	expect_member(whole, "b", "12");
	for (size_t size = 0; size + 1 < sizeof(whole) - 1; size++) {
		const struct span text = json_scan_member((struct span){whole, size}, "b");

		assert_int_equal(text.size, 0);
	}
	expect_member("", "b", "");
	expect_member("{\"b\":}", "b", "");
	expect_member("{\"b\"", "b", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_member_of_any_type),
		cmocka_unit_test(finds_no_member_of_an_inner_object),
		cmocka_unit_test(finds_nothing_in_a_truncated_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
