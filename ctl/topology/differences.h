/* How the broker differs from the table of proto/topology.c, and what mends each difference. */
#ifndef CTL_TOPOLOGY_DIFFERENCES_H
#define CTL_TOPOLOGY_DIFFERENCES_H

#include <stdbool.h>

#include "ctl/lib/management.h"

enum mending {
	MEND_APPLY, /* `topology apply` does it, and nothing is lost by it */
	MEND_HAND   /* it could lose messages: steps for a person */
};

struct difference {
	const char *what; /* "queue", "binding", "permission", ... */
	const char *name;
	const char *text; /* what it is, and what it should be */
	enum mending mending;
	const char *steps;         /* MEND_HAND: lines */
	bool extra;                /* something that the table does not know: all that it knows is there all the same */
	const char *method, *path; /* MEND_APPLY by one call beyond what apply does anyway; NULL: none is needed */
};

struct differences {
	struct management *management;
	struct arena arena;
	struct difference *items;
	size_t count, room;
};

/* Compares. False after saying on standard error why it could not. differences_done in any case. */
bool differences_find(struct differences *found);
void differences_done(struct differences *found);
/* Prints one for a person: what it is, and what mends it. */
void difference_print(const struct difference *difference);
/* For a program; `mended`: it was. */
void difference_record(const struct difference *difference, bool mended);

/* ---- for the parts of the comparison ---- */

struct difference *differ(struct differences *found, const char *what, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* GET of prefix and encoded name; NULL where it is not there. */
const struct json *differences_get(struct differences *found, const char *prefix, const char *name);
const char *differences_path(struct differences *found, const char *prefix, const char *name);

void differences_of_queues(struct differences *found);      /* exchanges, queues, bindings, policies */
void differences_of_permissions(struct differences *found); /* users, permissions */

#endif
