/* How a state was reached, in words. */
#ifndef TESTS_MODEL_TRACE_H
#define TESTS_MODEL_TRACE_H

#include "tests/model/search.h"

/* Prints the steps that lead to the violation, one per line. */
void trace_print(const struct search *search);
/* Prints the facts of a state on one line. */
void trace_print_state(const struct search *search, const struct bag *state);

#endif
