/* FNV-1a and the mixer, against published values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/hash.h"

/* Test vectors of draft-eastlake-fnv. */
static void fnv_gives_the_published_values(void **state)
{
	(void)state;
	assert_true(fnv_text(FNV_START, "") == UINT64_C(0xcbf29ce484222325));
	assert_true(fnv_text(FNV_START, "a") == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(fnv_text(FNV_START, "foobar") == UINT64_C(0x85944171f73967e8));
}

static void a_hash_goes_on_from_the_part_before(void **state)
{
	(void)state;
	assert_true(fnv_text(fnv_text(FNV_START, "foo"), "bar") == fnv_text(FNV_START, "foobar"));
	assert_true(fnv_bytes(fnv_byte(FNV_START, 'f'), "oobar", 5) == fnv_text(FNV_START, "foobar"));
}

static void no_text_is_the_empty_text(void **state)
{
	(void)state;
	assert_true(fnv_text(FNV_START, NULL) == FNV_START);
	assert_true(fnv_bytes(FNV_START, NULL, 0) == FNV_START);
}

static void every_bit_of_the_input_changes_many_bits_of_a_mix(void **state)
{
	(void)state;
	assert_true(mix_bits(0) == 0);
	for (int bit = 0; bit < 64; bit++)
		assert_in_range(__builtin_popcountll(mix_bits(12345) ^ mix_bits(12345 ^ UINT64_C(1) << bit)), 12, 52);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fnv_gives_the_published_values),
		cmocka_unit_test(a_hash_goes_on_from_the_part_before),
		cmocka_unit_test(no_text_is_the_empty_text),
		cmocka_unit_test(every_bit_of_the_input_changes_many_bits_of_a_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
