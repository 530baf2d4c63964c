#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void must_failed(const char *claim, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's type */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	target_begin();
	return 0;
}
