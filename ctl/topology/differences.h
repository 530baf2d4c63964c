/* The differences between the broker and the table of proto/topology.c. */
#ifndef CTL_TOPOLOGY_DIFFERENCES_H
#define CTL_TOPOLOGY_DIFFERENCES_H

#include <stdbool.h>

#include "ctl/lib/management.h"

enum repair {
	REPAIR_BY_APPLY, /* `topology apply` repairs it without loss */
	REPAIR_BY_HAND   /* the repair could lose messages: it is a list of steps for an operator */
};

struct difference {
	const char *what; /* "queue", "binding", "permission", ... */
	const char *name;
	const char *text; /* what the broker has, and what the table says */
	enum repair repair;
	const char *steps; /* REPAIR_BY_HAND: lines */
	bool extra;        /* the broker has something that is not in the table; nothing of the table is missing */
	const char *method, *path; /* REPAIR_BY_APPLY: one more call than apply makes anyway; NULL: none is needed */
};

struct differences {
	struct management *management;
	struct arena arena;
	struct difference *items;
	size_t count, room;
};

/* Compares. False after an error message. differences_done in any case. */
bool differences_find(struct differences *found);
void differences_done(struct differences *found);

/* ---- for the two parts of the comparison ---- */

/* Adds a difference that `topology apply` repairs. The caller may change its other fields. `what` is borrowed. */
struct difference *add_difference(struct differences *found, const char *what, const char *name, const char *format,
				  ...) __attribute__((format(printf, 4, 5)));
/* GET of the prefix and the encoded name; NULL where the object does not exist. */
const struct json *differences_get(struct differences *found, const char *prefix, const char *name);

void differences_of_queues(struct differences *found);      /* exchanges, queues, bindings, policies */
void differences_of_permissions(struct differences *found); /* users, permissions */

#endif
