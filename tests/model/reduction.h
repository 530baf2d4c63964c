/* Compares reduced searches with full ones, in scenarios that are small enough. */
#ifndef TESTS_MODEL_REDUCTION_H
#define TESTS_MODEL_REDUCTION_H

#include <stdbool.h>

/* Explores some scenarios with the reductions and without. True: the contents of the databases are equal, phase by
 * phase.
 */
bool reduction_check(void);

#endif
