/* The unit of work: what a decision may see and do.
 *
 * A decision is a pure function of the aggregates that the runtime has loaded, one message, the time and derived ids.
 * It reads aggregates with unit_get, changes them with unit_edit or unit_new, and says what follows with unit_event,
 * unit_reply, unit_refuse, unit_deadline. It never touches a socket, a clock, a random source or JSON. The runtime (or
 * a unit test, or the model checker) makes the unit, and afterwards looks at what was decided.
 *
 * One unit serves a whole batch of messages: later ones see what earlier ones changed. When a decision returns anything
 * but OK, its changes and outputs are undone; the reply (a refusal) stays. */
#ifndef CORE_UNIT_H
#define CORE_UNIT_H

#include "core/message.h"

/* A kind of aggregate: a plain struct that owns nothing; what its pointers point at lives in the unit's arena and is
 * replaced, never changed in place. */
struct aggregate {
	const char *name;
	size_t size;
};

/* The ids that a message touches, by kind. Filled by a handler's `keys` function. */
struct keys;
void keys_add(struct keys *keys, const struct aggregate *kind, const struct uuid *id);
/* The same of an aggregate that the message makes, where it is not there yet; and nearly always it is not. So the first
 * try of a turn does not look for it: should it be there all the same, the insert fails, and the turn is run again. */
void keys_add_new(struct keys *keys, const struct aggregate *kind, const struct uuid *id);

struct unit;

/* The aggregate, to look at; NULL where there is none. Only ids that were named by `keys` can be asked for. */
const void *unit_get(struct unit *unit, const struct aggregate *kind, const struct uuid *id);
/* The aggregate, to change: it will be saved. NULL where there is none. */
void *unit_edit(struct unit *unit, const struct aggregate *kind, const struct uuid *id);
/* A new aggregate, zeroed. This batch must not have made it yet (assert). If it was loaded, somebody has made it from
 * this message before, and the turn has not asked yet (inbox.h): the decision ends with E_RETRY, whatever it returns.
 */
void *unit_new(struct unit *unit, const struct aggregate *kind, const struct uuid *id);

/* When the decision is made. For a replay: when it was made. */
int64_t unit_now(const struct unit *unit);
/* The id that this decision gives to the `index`-th thing that it makes (a different range from its events' ids). */
struct uuid unit_id(const struct unit *unit, unsigned index);
/* Memory that lives as long as the unit. */
struct arena *unit_arena(struct unit *unit);

/* Publishes an event of `type` about `subject`, whose version is `sequence` after this decision. `body` is a struct of
 * the type's schema, in the unit's arena or static. Returns the event's id. */
struct uuid unit_event(struct unit *unit, int type, const struct uuid *subject, int64_t sequence, const void *body);
/* Answers the request: `body` is a struct of the type's reply schema. Recorded, so that a repeat gets the same. */
void unit_reply(struct unit *unit, const void *body);
/* Answers the request, and the answer must never be stored (a token). A repeat is decided anew. */
void unit_reply_secret(struct unit *unit, const void *body);
/* Refuses: `code` is stable and for programs, `field` may be NULL, the text is for people. Returns `status`. A decision
 * that returns OK all the same keeps what it changed, and the refusal is its answer: a stolen token ends its session.
 */
enum status unit_refuse(struct unit *unit, enum status status, const char *code, const char *field, const char *format,
			...) __attribute__((format(printf, 5, 6)));

/* Sends the note `type` about `subject` to this service's own queue at `due_us`, again and again with growing pauses,
 * until it is cleared. One deadline per (type, subject). */
void unit_deadline(struct unit *unit, int type, const struct uuid *subject, int64_t due_us);
void unit_deadline_clear(struct unit *unit, int type, const struct uuid *subject);

/* Reads a message, says which aggregates it touches. Pure. */
typedef void keys_function(struct keys *keys, const struct message *message);
/* Decides a message. Pure. */
typedef enum status decide_function(struct unit *unit, const struct message *message);

/* ---- for those who run decisions: the queue, tests, the model checker, the sandbox ---- */

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

/* What one decision said. */
struct decision_result {
	enum status status;
	const void *reply;      /* NULL: none */
	bool secret;            /* the reply must not be stored */
	struct refusal refusal; /* what unit_refuse was told; its status is OK where it was not called */
};

/* An aggregate as the unit knows it. */
struct entry {
	const struct aggregate *kind;
	struct uuid id;
	void *data;   /* NULL: not there */
	bool found;   /* was loaded: a save changes a row; otherwise it makes one */
	bool changed; /* must be saved */
	/* For whoever loads and saves; the unit does not look at them. */
	int64_t seen;    /* the version that was loaded */
	bool from_cache; /* it is from memory: whether it is still so, a save must find out */
};

/* `consumer` (a service's name) goes into derived ids. Everything lives in `arena`. */
struct unit *unit_make(struct arena *arena, const char *consumer);
/* Collects the ids that messages touch. */
struct keys *unit_keys(struct unit *unit);
/* The ids of a kind that were named, sorted, each once. */
size_t keys_sorted(struct keys *keys, const struct aggregate *kind, const struct uuid **ret_ids);
/* From now on, what messages make counts as not there. */
void keys_assume_new(struct keys *keys);
/* Those of them that nobody has put in yet, and that must be looked for. */
size_t keys_missing(struct keys *keys, const struct aggregate *kind, const struct uuid **ret_ids);
/* Puts a loaded aggregate in; `data` (kind->size bytes, in the arena) is taken over. Returns its entry. */
struct entry *unit_put(struct unit *unit, const struct aggregate *kind, const struct uuid *id, void *data);
/* Runs one decision; undoes what it did when it does not return OK. `item` tags its outputs. */
struct decision_result unit_decide(struct unit *unit, decide_function *decide, const struct message *message,
				   int64_t now_us, size_t item);

/* What was decided so far: outputs in order; deadlines sorted by subject, each (type, subject) once as the last
 * decision left it. */
size_t unit_outputs(const struct unit *unit, const struct output **ret_outputs);
size_t unit_deadlines(const struct unit *unit, const struct deadline **ret_deadlines);
/* Whether the aggregate is one that was decided to be made: it is there, and was not loaded. */
bool unit_made(struct unit *unit, const struct aggregate *kind, const struct uuid *id);
/* The changed aggregates of a kind, sorted by id. */
size_t unit_changed(struct unit *unit, const struct aggregate *kind, struct entry ***ret_entries);
/* Whether all that counted as not there was made: what was not, was not proved by an insert either. */
bool unit_assumptions_hold(const struct unit *unit);
/* Those that are from memory and were not changed, in no order. */
size_t unit_unvalidated(struct unit *unit, const struct aggregate *kind, struct entry ***ret_entries);

#endif
