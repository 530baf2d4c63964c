/* SplitMix64, against published values, and its seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"

/* The first numbers of SplitMix64 from the state 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64"). */
static void gives_the_published_sequence(void **state)
{
	static const uint64_t wanted[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
					  UINT64_C(9817491932198370423)};
	uint64_t random = 1234567;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_true(random_next(&random) == wanted[i]);
}

static void seeds_differ_and_are_never_zero(void **state)
{
	const uint64_t first = random_seed(), second = random_seed();

	(void)state;
	assert_true(first != 0 && second != 0);
	assert_true(first != second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_published_sequence),
		cmocka_unit_test(seeds_differ_and_are_never_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
