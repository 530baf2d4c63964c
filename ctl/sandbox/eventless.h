/* Events whose decision published no event. The log shows that a service received them, and not what it decided. */
#ifndef CTL_SANDBOX_EVENTLESS_H
#define CTL_SANDBOX_EVENTLESS_H

#include "comanda/replay.h"
#include "ctl/sandbox/history.h"

/* An event about the subject whose decision may have made a version without an event; NULL: there is none left. */
struct history_event *eventless_find(struct history *history, const struct replay_spec *spec,
				     const struct uuid *subject);

struct eventless_events {
	const struct history_event **events; /* in the order of the decisions; freed by the caller */
	size_t count;
	size_t waiting; /* events that are left out: the service had not decided on them when the log was read */
};

/* Lists the others up to the cut. If their decisions made versions, no event names these. False after an error message.
 */
bool eventless_list(const struct history *history, const struct log_tail *tail, const struct replay_spec *spec,
		    struct db *db, struct eventless_events *ret_events);

#endif
