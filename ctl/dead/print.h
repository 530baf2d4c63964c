/* Prints the dead letters of all services, as `dead list` and `dead show` do. */
#ifndef CTL_DEAD_PRINT_H
#define CTL_DEAD_PRINT_H

#include "ctl/dead/dead_queue.h"

/* Prints each dead letter that the filter selects: by `print`, or as a line of JSON. Returns how many there were; -1
 * after an error message. */
int64_t dead_letters_print(const struct dead_filter *filter, bool json,
			   void (*print)(const struct dead_letter *letter));

#endif
