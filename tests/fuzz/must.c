#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void must_failed(const char *claim, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}
