/* Events of the log, kept: those that a command works on. */
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
/* Keeps a copy. An event that the log holds twice (its sender was not sure) is kept once by event_set_unique. */
void event_set_add(struct event_set *set, const struct logged *event);
void event_set_unique(struct event_set *set);

/* Reads the log through the filter; false after saying what is wrong. */
bool event_set_read(struct event_set *set, const struct event_filter *filter);

#endif
