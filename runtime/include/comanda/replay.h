/* From what a service said back to what it decided: what the sandbox must know of a service to decide again.
 *
 * The log holds events, not requests. A request that changed something is known by the event that it led to (one that
 * changed nothing left nothing behind), and so is a note that a service sent itself. A service's recall says which
 * request that must have been, and which versions of which aggregates an event tells of: these, not the log's order,
 * say in which order the decisions were made. */
#ifndef COMANDA_REPLAY_H
#define COMANDA_REPLAY_H

#include "comanda/service.h"

/* The versions that one event tells of. */
struct versions;
/* The decision behind the event made version `sequence` of this aggregate; or it saw it so, and left it alone. */
void versions_made(struct versions *versions, const struct aggregate *kind, const struct uuid *id, int64_t sequence);
void versions_seen(struct versions *versions, const struct aggregate *kind, const struct uuid *id, int64_t sequence);

/* An event of the log whose cause is none of the log's events. */
struct external_event {
	const struct message *event;
	const struct message *before; /* the root event about the same subject before it; NULL: it is the first */
};

/* What must have caused it. */
struct inferred_request {
	int type; /* -1: this build knows nothing that leads to such an event */
	struct caller caller;
	const void *body;        /* a struct of the type's schema, in the arena */
	const void *prepared;    /* as a handler's `prepare` would have made it; NULL: nothing */
	decide_function *decide; /* where it is none of the service's handlers'; NULL: as the handlers say */
	keys_function *keys;
};

/* Rows that can be compared: those of one kind, without credentials. */
struct state_table {
	const char *name; /* "order" */
	/* One parameter, the id after which to go on: SELECT id, row as jsonb text, ... ORDER BY id, a bounded number.
	 */
	struct sql rows;
	/* The text before the id of whose row it is: "\"user_id\": \""; NULL: its own id says so. */
	const char *owner;
};

struct replay_spec {
	const struct service *service;
	/* What an event that this service said tells of versions. */
	void (*versions)(struct versions *versions, const struct message *event);
	struct inferred_request (*cause)(const struct external_event *root, struct arena *arena);
	/* Events whose handling may make a version and say nothing. Where a version is told by nobody, one of these
	 * made it; of several that come into question, the one that is named first. Ends with -1. */
	const int *eventless;
	/* The aggregate that they are about: the one that is their subject. */
	const struct aggregate *eventless_kind;
	/* Of the events that led to nothing, those that are decided after all others. Ends with -1. */
	const int *last;
	const struct state_table *tables; /* ends with a NULL name */
};

/* The columns of a table as a row of the state: `table_` by its key, a page at a time. */
#define STATE_ROWS(name_, table_, key_, columns_)                                                                      \
	{                                                                                                              \
		"state_" name_, "SELECT " key_ ", to_jsonb(whole_row)::text FROM (SELECT " columns_ " FROM " table_    \
				" WHERE " key_ " > $1 ORDER BY " key_ " LIMIT 2000) AS whole_row"                      \
	}

#endif
