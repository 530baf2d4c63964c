/* Replay: what the sandbox needs to know of a service in order to run its decisions again.
 *
 * The log holds events, but no requests and no timers. So a service infers the request behind an event, and says which
 * version of which aggregate an event belongs to. The versions give the sequence of the decisions. The sequence of the
 * log does not, because the outbox relays of several replicas publish side by side. */
#ifndef COMANDA_REPLAY_H
#define COMANDA_REPLAY_H

#include "comanda/service.h"

/* The aggregate versions of one event. */
struct versions;
/* The decision behind the event made version `sequence` of this aggregate. */
void versions_made(struct versions *versions, const struct aggregate *kind, const struct uuid *id, int64_t sequence);
/* The decision behind the event read version `sequence` of this aggregate, and changed nothing in it. */
void versions_seen(struct versions *versions, const struct aggregate *kind, const struct uuid *id, int64_t sequence);

/* An event of the log that was not caused by another event of the log, but by a request or a timer. */
struct external_event {
	const struct message *event;
	const struct message *previous; /* the external event about the same subject before it; NULL: there is none */
};

/* The request or timer that caused an external event. */
struct inferred_request {
	int type; /* -1: no request of this build leads to such an event */
	struct caller caller;
	const void *body;        /* a struct of the type's schema, in the arena */
	const void *prepared;    /* as the handler's `prepare` would have made it; NULL: nothing */
	decide_function *decide; /* in place of the handler's; NULL: the handler's */
	keys_function *keys;     /* in place of the handler's; NULL: the handler's */
};

/* Rows that the sandbox compares with those of the real database. Without credentials. */
struct state_table {
	const char *name; /* of one row, for people: "order" */
	/* One parameter, the id of the last row before: SELECT id, row as jsonb text, ... ORDER BY id, a bounded
	 * number.
	 */
	struct sql rows;
	/* The text before the id of the aggregate that owns the row: "\"user_id\": \""; NULL: the row's own id. */
	const char *owner;
};

struct replay_spec {
	const struct service *service;
	/* Reports the versions of an event that this service published. */
	void (*versions)(struct versions *versions, const struct message *event);
	struct inferred_request (*cause)(const struct external_event *event, struct arena *arena);
	/* Received events whose decision may make a version and publish no event. A version that no published event has
	 * was made by an event of these types. If several events could have made it, the type that is named first did.
	 * MESSAGE_TYPES. */
	const int *eventless;
	/* The kind of aggregate that they change: the one that is their subject. */
	const struct aggregate *eventless_kind;
	/* Of the received events that led to no event: those that are decided after all others. MESSAGE_TYPES. */
	const int *decided_last;
	const struct state_table *tables; /* ends with a NULL name */
};

/* A list of message types, possibly empty. */
#define MESSAGE_TYPES(...) ((const int[]){__VA_ARGS__ __VA_OPT__(, ) - 1})

/* The columns of a table as a row of the state: `table_` by its key, a page at a time. */
#define STATE_ROWS(name_, table_, key_, columns_)                                                                      \
	{                                                                                                              \
		"state_" name_, "SELECT " key_ ", to_jsonb(whole_row)::text FROM (SELECT " columns_ " FROM " table_    \
				" WHERE " key_ " > $1 ORDER BY " key_ " LIMIT 2000) AS whole_row"                      \
	}

#endif
