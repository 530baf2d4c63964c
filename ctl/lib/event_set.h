/* The events of the log that a command works on, copied into memory. */
#ifndef CTL_LIB_EVENT_SET_H
#define CTL_LIB_EVENT_SET_H

#include "ctl/lib/event_filter.h"

struct kept_event {
	struct uuid id, cause, subject, order; /* order: nil where it is about none */
	const char *type;
	int64_t offset, time_us;
	struct span text; /* its JSON */
};

struct event_set {
	struct arena arena;
	struct kept_event *events;
	size_t count, room;
};

void event_set_init(struct event_set *set);
void event_set_done(struct event_set *set);
/* Adds a copy of the event. */
void event_set_add(struct event_set *set, const struct log_event *event);
/* Removes repetitions: the relay sends an event again where the publisher confirm was lost. */
void event_set_unique(struct event_set *set);

/* Adds the events that the filter selects from the log. False after an error message. */
bool event_set_read(struct event_set *set, const struct event_filter *filter);

#endif
