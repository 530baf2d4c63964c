/* The routes: what REST offers, as one table, and how a request finds its row. */
#ifndef EDGE_ROUTES_H
#define EDGE_ROUTES_H

#include <stdio.h>

#include "core/memory.h"
#include "edge/problem.h"

struct call;

enum who {
	ANYONE,
	SIGNED_IN,
	OWNER_OR_ADMIN, /* signed in; whose it is, the service knows and decides */
	ADMIN
};

/* A route's `how`. */
enum {
	QUERY = 1,         /* the message's fields come from the query; other routes take no query */
	BODY = 2,          /* the message's fields come from the body, as JSON */
	BODY_OPTIONAL = 4, /* like BODY, and no body is {} */
	FORM_TOO = 8,      /* with BODY: also application/x-www-form-urlencoded */
	KEY_TAKEN = 16,    /* Idempotency-Key makes the message's id */
	KEY_NEEDED = 32,   /* like KEY_TAKEN, and must be there */
	VERSIONED = 64,    /* the answer has an ETag; If-None-Match and If-Match are obeyed */
	LOCATION = 128,    /* the answer names where what was made is to be found */
	MAY_BE_KEPT = 256  /* by caches, if they ask again; everything else is no-store */
};

struct route {
	const char *method, *path; /* path: may hold one "{id}" */
	enum who who;
	int type;    /* the message that is asked: its queue, its schema */
	int success; /* status of the answer when the service says ok */
	unsigned how;
	/* Asks and answers. Status 0 in what it returns: the answer is there; or ANSWERED_LATER. */
	struct problem (*answer)(struct call *call);
};

extern const struct route routes[]; /* ends with a NULL method */

/* What a path and method lead to. */
struct found {
	const struct route *route; /* NULL: none with this method */
	bool path_known;
	struct span id; /* what stands for {id}, as sent; empty where the route has none */
};

/* `path` may leave out "/v1". HEAD finds the route of GET. */
struct found routes_find(const char *method, const char *path);
/* The methods that `path` knows: "GET, HEAD, PATCH, OPTIONS". NULL where nothing is there. */
const char *routes_allow(struct arena *arena, const char *path);

/* Prints the table, a line a route: method, path, who, message, queue. */
void routes_show(FILE *out);

#endif
