/* The whole event log in memory, each event once, up to a cut and beyond it. */
#ifndef CTL_SANDBOX_HISTORY_H
#define CTL_SANDBOX_HISTORY_H

#include "ctl/lib/id_map.h"
#include "ctl/lib/log_position.h"
#include "json/json.h"

struct history_event {
	struct uuid id, subject, cause;
	int type; /* index into the contract */
	int64_t offset, sequence, time_us;
	struct span text;       /* the whole event, on one line */
	bool later;             /* it lies after the cut */
	bool eventless;         /* its decision made a version and published no event (plan.c) */
	bool put_aside;         /* it is a dead letter of the service: the decision was not made (tail.c) */
	int64_t answers;        /* how many events the service published because of it (plan.c) */
	int64_t previous_about; /* index of the event before it about the same subject; ID_MAP_NONE: none */
};

struct history {
	struct arena arena;
	struct history_event *events; /* in the log's order */
	size_t count, room;
	size_t before;          /* number of events before the cut */
	struct id_map ids;      /* index into `events` */
	struct id_map subjects; /* index of the last event about a subject */
	int64_t last;           /* offset of the log's end; -1: it is empty */
	int64_t cut_offset;
	int64_t first_us; /* the earliest time of an event; INT64_MAX: there is none */
	int64_t cut_us;   /* the latest time of an event before the cut */
	int64_t unknown;  /* events of types that this build does not know */
	int64_t repeated; /* further copies of events in the log */
};

/* Reads the log from its beginning to its present end. The cut is at `until`, and events after it are marked as later.
 * False after an error message: no log, no such position, or retention has dropped the beginning. */
bool history_read(const struct log_position *until, struct history *ret_history);
void history_done(struct history *history);

const struct history_event *history_find(const struct history *history, const struct uuid *id);

/* The event as the message that a decision receives, in the arena. Its body has this build's schema. False: it does not
 * fit. */
bool history_event_message(const struct history_event *event, struct arena *arena, struct message *ret_message);

/* The log after the history: what the services have decided since it was read. */
struct log_tail {
	struct id_map mentions; /* all ids that the events mention */
	struct id_map causes;   /* of the events that the service published: the ids of their causes */
};

/* Adds the events between the history and the log's present end. `producer`: the service, such as "svc-orders". False
 * after an error message. */
bool history_read_tail(const struct history *history, const char *producer, struct log_tail *tail);
/* Adds the ids that an event mentions: its subject, and every id in its data. */
void history_event_mentions(const struct history_event *event, struct id_map *ids);

#endif
