/* Percent-encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/percent.h"

static void assert_decodes(const char *text, enum plus plus, const char *wanted)
{
	struct buffer out;

	buffer_init(&out);
	buffer_text(&out, "before ");
	assert_int_equal(percent_decode(span_of(text), plus, &out), OK);
	assert_memory_equal(out.bytes, "before ", 7);
	assert_string_equal(out.bytes + 7, wanted);
	assert_int_equal(out.size, 7 + strlen(wanted));
	buffer_done(&out);
}

static void digits_may_be_of_either_case(void **state)
{
	(void)state;
	assert_decodes("", PLUS_IS_PLUS, "");
	assert_decodes("plain", PLUS_IS_PLUS, "plain");
	assert_decodes("%41%7a%7A", PLUS_IS_PLUS, "Azz");
	assert_decodes("p%40ss%2Fw%c3%B6rd", PLUS_IS_PLUS, "p@ss/w\xc3\xb6rd");
	assert_decodes("100%25", PLUS_IS_PLUS, "100%");
}

static void a_plus_is_a_space_in_forms_alone(void **state)
{
	(void)state;
	assert_decodes("a+b%2B", PLUS_IS_PLUS, "a+b+");
	assert_decodes("a+b%2B", PLUS_IS_SPACE, "a b+");
}

static void refuses_broken_signs_and_nul(void **state)
{
	static const struct span broken[] = {{"%", 1},    {"a%4", 3}, {"%4g", 3},  {"%g4", 3},
					     {"%%41", 4}, {"%00", 3}, {"a\0b", 3}, {"%411", 2}};
	struct buffer out;

	(void)state;
	buffer_init(&out);
	buffer_text(&out, "before");
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		assert_int_equal(percent_decode(broken[i], PLUS_IS_PLUS, &out), E_MALFORMED);
		assert_string_equal(out.bytes, "before");
		assert_int_equal(out.size, 6);
	}
	buffer_done(&out);
}

static void decodes_into_an_arena(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_string_equal(percent_decoded(&arena, span_of("a+%62")), "a+b");
	assert_string_equal(percent_decoded(&arena, (struct span){NULL, 0}), "");
	assert_null(percent_decoded(&arena, span_of("%6")));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_may_be_of_either_case),
		cmocka_unit_test(a_plus_is_a_space_in_forms_alone),
		cmocka_unit_test(refuses_broken_signs_and_nul),
		cmocka_unit_test(decodes_into_an_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
