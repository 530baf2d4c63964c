/* The routes of the REST API as one table, and how a request finds its row. */
#ifndef EDGE_ROUTES_H
#define EDGE_ROUTES_H

#include <stdio.h>

#include "edge/problem.h"

struct call;

/* Who may call a route. */
enum access {
	ANYONE,
	SIGNED_IN,
	OWNER_OR_ADMIN, /* signed in; the service checks the owner */
	ADMIN
};

/* Options of a route. */
enum {
	QUERY = 1,         /* the message's fields come from the query; other routes take no query */
	BODY = 2,          /* the message's fields come from the body, as JSON */
	BODY_OPTIONAL = 4, /* like BODY; no body means {} */
	FORM = 8,          /* with BODY: also application/x-www-form-urlencoded */
	KEY_OPTIONAL = 16, /* Idempotency-Key makes the message's id */
	KEY_REQUIRED = 32, /* like KEY_OPTIONAL, and the header is required */
	VERSIONED = 64,    /* the answer has an ETag; If-None-Match and If-Match are supported */
	LOCATION = 128,    /* the answer has a Location header */
	CACHEABLE = 256    /* caches may keep the answer and must revalidate it; other answers are no-store */
};

struct route {
	const char *method, *path; /* path: may contain one "{id}" */
	enum access access;
	int type;    /* of the message: its queue, its schema */
	int success; /* HTTP status of the answer to an OK reply */
	unsigned options;
	/* Handles the call. Returns a problem; status 0: the response is filled; ANSWER_DEFERRED. */
	struct problem (*handle)(struct call *call);
};

extern const struct route routes[]; /* ends with a NULL method */

struct route_match {
	const struct route *route; /* NULL: the path has no route with this method */
	bool path_known;
	struct span id; /* the text in the place of {id}; empty: the route has none */
};

/* The route of a request. `path` may omit "/v1". HEAD matches the route of GET. */
struct route_match routes_match(const char *method, const char *path);
/* The methods of `path`: "GET, HEAD, PATCH, OPTIONS". NULL: the path is not known. */
const char *routes_allow(struct arena *arena, const char *path);

/* Prints one line per route: method, path, access, message, queue. */
void routes_print(FILE *out);

#endif
