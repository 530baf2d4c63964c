/* Events of the log, for a person's eye. */
#ifndef CTL_EVENTS_H
#define CTL_EVENTS_H

#include "json.h"

struct event_filter {
	const char *type;  /* "order.placed"; NULL: any */
	const char *order; /* events about it, or that name it; NULL: any */
	bool json;
};

/* Prints the events of one message (one event, or an array) that the filter lets through; returns how many. */
int print_events(struct span body, const struct event_filter *filter, int64_t offset, int limit);

#endif
