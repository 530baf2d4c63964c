/* The decisions that the searches have run. A search proves nothing about a decision that never ran. */
#ifndef TESTS_MODEL_COVERAGE_H
#define TESTS_MODEL_COVERAGE_H

#include "proto/messages.h"
#include "tests/model/search.h"

struct coverage {
	bool done[SERVICES][MESSAGE_COUNT]; /* decided with OK */
};

void coverage_add(struct coverage *coverage, const struct search *search);
/* Has every handler returned OK at least once? Prints those that have not. */
bool coverage_full(const struct coverage *coverage);

#endif
