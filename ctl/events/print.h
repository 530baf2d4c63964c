/* Prints the events that a filter selects, as `events list` and `events tail` do. */
#ifndef CTL_EVENTS_PRINT_H
#define CTL_EVENTS_PRINT_H

#include "ctl/lib/event_filter.h"

/* `follow`: goes on with events that arrive, until interrupted. Returns an exit code. */
int events_print(const struct event_filter *filter, bool follow, bool json);

#endif
