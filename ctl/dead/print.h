/* Prints the dead letters of all services, as `dead list` and `dead show` do. */
#ifndef CTL_DEAD_PRINT_H
#define CTL_DEAD_PRINT_H

#include "ctl/dead/dead_queue.h"

struct dead_letters_printed {
	int64_t count;
	bool incomplete; /* there are more, which could not be read; after an error message */
	bool failed;     /* after an error message */
};

/* Prints each dead letter that the filter selects: by `print`, or as a line of JSON. */
struct dead_letters_printed dead_letters_print(const struct dead_filter *filter, bool json,
					       void (*print)(const struct dead_letter *letter));

#endif
