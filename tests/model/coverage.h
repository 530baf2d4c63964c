/* Which decisions the searches have driven: a search that never came to a decision proves nothing about it. */
#ifndef TESTS_MODEL_COVERAGE_H
#define TESTS_MODEL_COVERAGE_H

#include "proto/messages.h"
#include "tests/model/search.h"

struct coverage {
	bool done[SERVICES][MESSAGE_COUNT]; /* decided with OK */
};

void coverage_add(struct coverage *coverage, const struct search *search);
/* Is there no handler of the driven consumers that never said OK? Prints those that there are. */
bool coverage_full(const struct coverage *coverage);

#endif
