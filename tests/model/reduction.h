/* The reductions, held against the full search where that is small enough. */
#ifndef TESTS_MODEL_REDUCTION_H
#define TESTS_MODEL_REDUCTION_H

#include <stdbool.h>

/* Explores some scenarios with the reductions and without. True: the databases come to the same contents, phase by
 * phase.
 */
bool reduction_check(void);

#endif
