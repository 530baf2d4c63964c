/* A message as a decision sees it, and the contract: the types of messages, their senders and their callers. */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "core/schema.h"
#include "core/timestamp.h"

enum message_kind {
	REQUEST, /* of a client, by RPC; answered with a reply */
	EVENT,   /* published to all subscribed queues, as a CloudEvent */
	TIMER    /* a service sends it to its own queue when a deadline is due; a CloudEvent */
};

/* One row of the contract. A program's contract is an array of these, indexed by its own enum. */
struct message_type {
	const char *name; /* the routing key, and the "type" of a request */
	enum message_kind kind;
	int version;                 /* of the data: an event's CloudEvents type is "comanda.<name>.v<version>" */
	const char *producer;        /* the broker's user that may send it */
	const char *queue;           /* requests: the queue, such as "stock.command" */
	const struct schema *schema; /* of the body; NULL: an empty object */
	const struct schema *reply;  /* requests: of the reply's data; NULL: no data */
	bool read_only;              /* requests: changes nothing, so equal requests may be merged */
	const char *about;           /* events: the name of the subject in logs and traces, such as "order_id" */
};

/* The broker's user that answers requests at all queues with a prefix, such as "stock.". */
struct responder {
	const char *queues, *user;
};

struct contract {
	const struct message_type *types; /* `count` rows */
	int count;
	const struct responder *responders; /* ends with a NULL row; NULL: any user may answer */
	const char *const
		*roles; /* names of what a caller may be, NULL at the end; the first: a caller without a token */
	const char *
	operator; /* the broker's user that may publish events of others again: redrive, replay; NULL: none */
};

/* The index of a type by its name and major version (0: any version); -1: this build does not have it. */
int contract_find(const struct contract *contract, const char *name, int version);

/* The index of a role by its name; -1: the contract does not have it. */
int contract_role(const struct contract *contract, const char *name);

/* Whether this user of the broker may answer requests of a queue. */
bool contract_may_answer(const struct contract *contract, const char *queue, const char *user);

/* The user that makes a request. Only an edge sets it, from a verified token. */
struct caller {
	struct uuid user_id; /* nil: no user */
	struct uuid session_id;
	int role; /* index into the contract's roles; 0: no token */
};

struct message {
	int type;                /* index into the contract */
	struct uuid id;          /* of the event or request; the inbox stores it */
	struct uuid subject;     /* events: the id of the aggregate */
	struct caller caller;    /* requests */
	int64_t sequence;        /* events: the version of that aggregate */
	int64_t time_us;         /* of the decision or the request */
	int64_t deadline_us;     /* requests: not done after this time; INT64_MAX: none */
	const char *traceparent; /* W3C; NULL: none */
	const void *body;        /* a struct of the type's schema */
	const void *prepared;    /* the result of the handler's `prepare` step; NULL: it has none */
};

#endif
