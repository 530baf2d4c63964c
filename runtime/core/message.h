/* A message as a decision sees it, and one row of a contract that describes its type. */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "core/schema.h"
#include "core/timestamp.h"

enum message_kind {
	REQUEST, /* asked by RPC; answered with a reply */
	EVENT,   /* told to whoever subscribes; CloudEvents */
	TIMER    /* a service's message to its own queue: a deadline, a retry; shaped as an event */
};

/* One row of the contract. A program's contract is an array of these, indexed by its own enum. */
struct message_type {
	const char *name; /* "order.placed": routing key and, for requests, the item's "type" */
	enum message_kind kind;
	int version;                 /* of the data: an event's CloudEvents type is "comanda.<name>.v<version>" */
	const char *producer;        /* who alone may send it: the broker's user name */
	const char *queue;           /* requests: the queue it is asked at, "orders.command" */
	const struct schema *schema; /* of the body; NULL: an empty object */
	const struct schema *reply;  /* requests: of the reply's data; NULL: no data */
	bool read_only;              /* requests: changes nothing, so equal requests may be merged */
	const char *about;           /* events: what the subject is the id of, in logs and traces: "order_id" */
};

/* Who answers what is asked at the queues of a house: "orders.", the broker's user. */
struct answering {
	const char *queues, *user;
};

struct contract {
	const struct message_type *types; /* `count` rows */
	int count;
	const struct answering *answerers; /* ends with a NULL row; NULL: whoever answers is believed */
	const char *const
		*roles;       /* names of what a caller may be, NULL at the end; the first: a caller without a token */
	const char *operator; /* the broker's user that may hand events in again: redrive, replay; NULL: nobody */
};

/* The type named `name` with major version `version` (0: any); -1 where this build knows none. */
int contract_find(const struct contract *contract, const char *name, int version);

/* The index of a role by its name; -1 where the contract has none of that name. */
int contract_role(const struct contract *contract, const char *name);

/* Whether this user of the broker may answer what was asked at a queue. */
bool contract_may_answer(const struct contract *contract, const char *queue, const char *user);

/* On whose behalf a request is made: said by the edge alone, from a verified token. */
struct caller {
	struct uuid user_id; /* nil: nobody */
	struct uuid session_id;
	int role; /* index into the contract's roles; 0: no token */
};

struct message {
	int type;                /* index into the contract */
	struct uuid id;          /* the event's id; the request item's id: what the inbox remembers */
	struct uuid subject;     /* events: the aggregate it is about */
	int64_t sequence;        /* events: that aggregate's version */
	int64_t time_us;         /* when it was decided or asked */
	int64_t deadline_us;     /* requests: not worth doing after; INT64_MAX: none */
	struct caller caller;    /* requests */
	const char *traceparent; /* W3C; NULL: none */
	const void *body;        /* a struct of the type's schema */
	const void *prepared;    /* what the handler's `prepare` step made; NULL: it has none */
};

#endif
