/* What the files of the unit of work share. No other folder includes it. */
#ifndef UNIT_UNIT_PRIVATE_H
#define UNIT_UNIT_PRIVATE_H

#include "unit/unit.h"

/* An aggregate's entry, and its state before the present decision. */
struct slot {
	struct entry entry;
	bool named;        /* by a handler's keys */
	bool look_up;      /* by keys_add: the first load looks for it */
	unsigned decision; /* the last decision that changed it */
	bool was_there, was_changed;
	void *saved; /* kind->size bytes from before that decision; allocated on first use */
};

/* The slots of one kind: a hash table with open addressing. `room` is a power of two, and at most half of it is used.
 * The two lists are kept once they are sorted, because each step of a save asks for them again. */
struct table {
	struct table *next;
	const struct aggregate *kind;
	struct slot **slots;
	size_t room, count;

	struct uuid *ids; /* of the named slots, sorted; NULL: a name was added since */
	size_t id_count;
	struct entry **changed; /* sorted, as of decision `changed_at`; NULL: never sorted */
	size_t changed_count;
	unsigned changed_at;
};

struct keys {
	struct arena *arena;
	struct table *tables; /* one per kind: a few */
	bool assume_new;      /* an aggregate that was named by keys_add_new alone counts as absent */
};

/* An array that grows in the arena. */
struct array {
	void *items;
	size_t count, room;
};

struct final_deadlines {
	struct deadline *items; /* NULL: not sorted since the last decision */
	size_t count;
};

struct unit {
	struct arena *arena;
	const char *service;
	struct keys keys;
	struct array outputs, deadlines;
	struct final_deadlines *final; /* what unit_deadlines returns */

	/* the decision that is running */
	unsigned decision;
	const struct message *message; /* NULL: none is running */
	int64_t now_us;
	size_t item;
	size_t first_output;
	struct decision_result result;
	bool creates_existing; /* it has created an aggregate that was loaded */
	struct array touched;  /* struct slot *: what this decision has changed */
};

/* A new item, not zeroed, of `size` bytes at the end of the array. */
void *array_add(struct array *array, struct arena *arena, size_t size);
/* The table of a kind; made if there is none. */
struct table *table_of(struct keys *keys, const struct aggregate *kind);
/* NULL: no slot has this id. */
struct slot *slot_find(struct unit *unit, const struct aggregate *kind, const struct uuid *id);
/* Finds or makes the slot. */
struct slot *slot_make(struct keys *keys, const struct aggregate *kind, const struct uuid *id);

static inline bool unit_is_deciding(const struct unit *unit)
{
	return unit->message != NULL;
}

#endif
