/* One message of a batch, with what is known of it so far. */
#ifndef STORE_ITEM_H
#define STORE_ITEM_H

#include "comanda/service.h"
#include "rpc/wire.h"
#include "telemetry/trace.h"
#include "json/json.h"

struct item {
	struct query query;            /* the message and its status; of a request that is read: the reply */
	const struct handler *handler; /* NULL: there is nothing to decide */
	const char *id_text;           /* requests: id for the reply; NULL: no reply is possible */
	const struct faults *faults;   /* what is wrong with it; NULL: nothing */
	struct uuid request_hash;      /* requests that write: of type, caller and body */
	struct item *duplicate_of;     /* an earlier item of the batch with the same id; NULL: none */
	size_t delivery, event;        /* index of its delivery in the batch, and of the event in that delivery */
	int64_t attempts, first_us;    /* times that it may have crashed its consumer, and since when */
	enum status fetched;           /* query.status as it was before any decision */
	bool duplicate;                /* was decided in an earlier transaction */
	bool secret;                   /* its answer must not be recorded */
	bool done;                     /* its outcome is known: nothing is left to decide */
	bool isolated;                 /* was redelivered so often that it is processed alone */
	struct span answer;            /* requests: what rpc_answer_write wrote */
	struct trace trace;            /* its span, where spans are recorded */
	uint8_t parent[8];             /* the span above */
	struct uuid subject;           /* for logs and traces; nil: not known */
	const char *about;             /* what the subject is the id of; NULL: not known */
};

/* Writes the answer of a request into the arena: OK with `data` in the type's reply schema, or the refusal. */
void item_answer(struct arena *arena, struct item *item, const struct rpc_answer *answer);
/* Answers a request with this status and nothing more. */
void item_fail(struct arena *arena, struct item *item, enum status status);

/* Puts the aggregates that the items touch, by their handlers, into the unit's keys. */
void items_name_keys(struct item *const *items, size_t count, struct unit *unit);

#endif
