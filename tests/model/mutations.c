/* The list of mutations. */
#include "mutations.h"

#include <stddef.h>

const struct mutation no_mutation = {.name = "none"};

const struct mutation mutations[] = {
	{.name = NULL},
};
