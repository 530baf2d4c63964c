/* What has happened: events.log as a whole, in memory, each event once. */
#ifndef CTL_SANDBOX_HISTORY_H
#define CTL_SANDBOX_HISTORY_H

#include "ctl/lib/log_position.h"
#include "ctl/sandbox/id_map.h"
#include "json/json.h"

struct happened {
	struct uuid id, subject, cause;
	int type; /* index into the contract */
	int64_t offset, sequence, time_us;
	struct span text;   /* the whole event, on one line */
	bool later;         /* it lies after the cut */
	bool eventless;     /* known to have changed something without a word (plan.c) */
	int64_t answers;    /* how much the service said in answer to it (plan.c) */
	int64_t next_about; /* index of an earlier event about the same subject; ID_MAP_NONE: there is none */
};

struct history {
	struct arena arena;
	struct happened *events; /* in the log's order */
	size_t count, room;
	size_t before;          /* so many of them lie before the cut */
	struct id_map ids;      /* index into `events` */
	struct id_map subjects; /* index of the last event about a subject */
	int64_t last;           /* offset of the log's end; -1: it is empty */
	int64_t cut_offset;
	int64_t cut_us;   /* the latest time of what lies before the cut */
	int64_t unknown;  /* events of types that this build does not know */
	int64_t repeated; /* events that stand in the log more than once */
};

/* Reads the log from its beginning to its end as it stands now. What comes after `until` is there too, marked. False
 * after saying what is wrong: no log, no such log_position, a log whose beginning is gone. */
bool history_read(const struct log_position *until, struct history *ret_history);
void history_done(struct history *history);

const struct happened *history_find(const struct history *history, const struct uuid *id);

/* The event as a decision hears it, its body by this build's schema. False: it does not fit. All of it in the arena. */
bool happened_message(const struct happened *event, struct arena *arena, struct message *ret_message);

/* Adds the ids of all that was mentioned by events after `offset`, up to the log's end as it is now. */
bool history_mentions(int64_t offset, struct id_map *ret_ids);
/* The ids that an event mentions: its subject, and every id in its data. */
void happened_mentions(const struct happened *event, struct id_map *ids);

#endif
