/* The unit of work: what a decision may see and do.
 *
 * A decision is a pure function of the loaded aggregates, one message, the time and derived ids. It reads aggregates
 * with unit_get. It changes them with unit_edit and unit_new. Its consequences are unit_event, unit_reply, unit_refuse
 * and unit_deadline. It never uses a socket, a clock, a random source or JSON. The runtime, a unit test or the model
 * checker makes the unit, runs the decisions and reads the results.
 *
 * One unit serves a whole batch of messages: later messages see the changes of earlier ones. If a decision does not
 * return OK, its changes and outputs are undone. Its reply (a refusal) stays. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include "core/message.h"

/* A kind of aggregate: a plain struct that owns no memory. Its pointers point into the unit's arena. A decision
 * replaces their targets and never changes them in place, so that an undo needs the struct alone. */
struct aggregate {
	const char *name;
	size_t size;
};

/* The ids that a message touches, by kind. Filled by a handler's `keys` function. */
struct keys;
void keys_add(struct keys *keys, const struct aggregate *kind, const struct uuid *id);
/* The same for an aggregate that the message creates. Nearly always it does not exist yet. So the first try of a batch
 * does not look for it. If it exists all the same, the insert fails, and the batch is run again. */
void keys_add_new(struct keys *keys, const struct aggregate *kind, const struct uuid *id);

struct unit;

/* The aggregate for reading; NULL: there is none. Only ids that the `keys` function has named are found. */
const void *unit_get(struct unit *unit, const struct aggregate *kind, const struct uuid *id);
/* The aggregate for a change; it will be saved. NULL: there is none. */
void *unit_edit(struct unit *unit, const struct aggregate *kind, const struct uuid *id);
/* A new aggregate, zeroed. This batch must not have created it yet (assert). If it was loaded, an earlier delivery of
 * this message has created it, and the batch has not looked into the inbox yet (store/inbox.h). The decision then ends
 * with E_RETRY, whatever it returns. */
void *unit_new(struct unit *unit, const struct aggregate *kind, const struct uuid *id);

/* The time of the decision. In a replay: the recorded time. */
int64_t unit_now(const struct unit *unit);
/* The id of the `index`-th aggregate or part that this decision creates. The ids of events are in another range. */
struct uuid unit_id(const struct unit *unit, unsigned index);
/* Memory that lives as long as the unit. */
struct arena *unit_arena(struct unit *unit);

/* Publishes an event of `type` about `subject`, whose version is `sequence` after this decision. `body` is a struct of
 * the type's schema, in the unit's arena or static. Returns the event's id. */
struct uuid unit_event(struct unit *unit, int type, const struct uuid *subject, int64_t sequence, const void *body);
/* Answers the request: `body` is a struct of the type's reply schema. It is recorded, so that a repeat gets the same.
 */
void unit_reply(struct unit *unit, const void *body);
/* Answers the request with something that must never be stored (a token). A repeat is decided anew. */
void unit_reply_secret(struct unit *unit, const void *body);
/* Refuses the request. `code` is stable and for programs, `field` may be NULL, the text is for people. Returns
 * `status`. If the decision returns OK after that, its changes stay and the refusal is the answer: a stolen token ends
 * its session.
 */
enum status unit_refuse(struct unit *unit, enum status status, const char *code, const char *field, const char *format,
			...) __attribute__((format(printf, 5, 6)));

/* Sends the timer message `type` about `subject` to this service's own queue at `due_us`. It is sent again with growing
 * pauses until it is cleared. One deadline per (type, subject). */
void unit_deadline(struct unit *unit, int type, const struct uuid *subject, int64_t due_us);
void unit_deadline_clear(struct unit *unit, int type, const struct uuid *subject);

/* Names the aggregates that a message touches. Pure. */
typedef void keys_function(struct keys *keys, const struct message *message);
/* Decides a message. Pure. */
typedef enum status decide_function(struct unit *unit, const struct message *message);

/* ---- for the runtime, tests, the model checker and the sandbox: running decisions ---- */

struct output {
	struct uuid id;
	int type;
	struct uuid subject;
	int64_t sequence;
	int64_t time_us;
	const void *body;
	size_t item; /* which message of the batch caused it */
};

struct refusal {
	enum status status;
	const char *code, *detail, *field;
};

struct deadline {
	int type;
	struct uuid subject;
	int64_t due_us; /* INT64_MIN: cleared */
	size_t item;
};

/* The result of one decision. */
struct decision_result {
	enum status status;
	const void *reply;      /* NULL: none */
	bool secret;            /* the reply must not be stored */
	struct refusal refusal; /* from unit_refuse; its status is OK if that was not called */
};

/* An aggregate of the unit. */
struct entry {
	const struct aggregate *kind;
	struct uuid id;
	void *data;   /* NULL: it does not exist */
	bool found;   /* it was loaded: a save updates a row, otherwise it inserts one */
	bool changed; /* must be saved */
	/* For the stores; the unit does not use them. */
	int64_t seen;    /* the version that was loaded */
	bool from_cache; /* from the aggregate cache: the batch must validate its version */
};

/* `service` is the name of the service, which goes into derived ids. Everything lives in `arena`. */
struct unit *unit_make(struct arena *arena, const char *service);
/* Collects the ids that messages touch. */
struct keys *unit_keys(struct unit *unit);
/* The ids of a kind that were named, sorted, each once. */
size_t keys_sorted(struct keys *keys, const struct aggregate *kind, const struct uuid **ret_ids);
/* From now on an aggregate that was named by keys_add_new alone counts as absent. */
void keys_assume_new(struct keys *keys);
/* The named ids whose aggregates are not loaded yet and do not count as absent, sorted. */
size_t keys_missing(struct keys *keys, const struct aggregate *kind, const struct uuid **ret_ids);
/* Adds a loaded aggregate. The unit takes over `data`: kind->size bytes in the arena. Returns its entry. */
struct entry *unit_put(struct unit *unit, const struct aggregate *kind, const struct uuid *id, void *data);
/* Runs one decision, and undoes it if it does not return OK. `item` tags its outputs. */
struct decision_result unit_decide(struct unit *unit, decide_function *decide, const struct message *message,
				   int64_t now_us, size_t item);

/* The outputs of all decisions so far, in order. */
size_t unit_outputs(const struct unit *unit, const struct output **ret_outputs);
/* The deadlines, sorted by subject: each (type, subject) once, as the last decision has left it. */
size_t unit_deadlines(const struct unit *unit, const struct deadline **ret_deadlines);
/* Whether a decision of this unit has created the aggregate. */
bool unit_made(struct unit *unit, const struct aggregate *kind, const struct uuid *id);
/* The changed aggregates of a kind, sorted by id. */
size_t unit_changed(struct unit *unit, const struct aggregate *kind, struct entry ***ret_entries);
/* Whether every aggregate that counted as absent was created. For one that was not, no insert proves its absence. */
bool unit_assumptions_hold(const struct unit *unit);
/* The aggregates from the cache that were not changed, in no order: an update does not validate their version. */
size_t unit_unvalidated(struct unit *unit, const struct aggregate *kind, struct entry ***ret_entries);

#endif
