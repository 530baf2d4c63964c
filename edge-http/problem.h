/* Problems: every error that a client gets, as application/problem+json (RFC 9457).
 *
 * Only problem.c turns a status into a problem. `type` is always "about:blank", so `title` is the reason phrase of the
 * HTTP status. `code` is for programs and does not change. `detail` is for people. */
#ifndef EDGE_PROBLEM_H
#define EDGE_PROBLEM_H

#include "comanda/http.h"
#include "comanda/rpc.h"

struct problem {
	int status;                /* HTTP status; 0: no problem; ANSWER_DEFERRED */
	const char *code, *detail; /* detail: for people */
	int64_t retry_after_s;     /* for 429 and 503; 0: 1 second */
	struct span errors;        /* [{"field":…,"message":…},…] as JSON; empty: none */
	struct span members;       /* more members as JSON, "name":value,…; empty: none */
};

/* A problem.status: another thread completes the call. The call must not be used any more. */
enum { ANSWER_DEFERRED = -1 };

/* What the request may have changed. It decides which advice a client gets after a timeout. */
enum request_effect {
	READS,          /* nothing */
	WRITES,         /* maybe something */
	WRITES_WITH_KEY /* maybe something; it can be repeated with the same Idempotency-Key */
};

/* A problem of HTTP itself: 400, 404, 405, 408, 413, ... detail NULL: the default text. */
struct problem problem_http(int status, const char *detail);
/* A status that the edge found. detail NULL: the default text. */
struct problem problem_of(enum status status, const char *detail);
/* Faults of the input: 400 for E_MALFORMED, 422 for E_INVALID. `what`: "The body", "The query". */
struct problem problem_of_faults(enum status status, const char *what, const struct faults *faults,
				 struct arena *arena);
/* A reply that is not OK, or a missing one. */
struct problem problem_of_reply(const struct rpc_reply *reply, enum request_effect effect, struct arena *arena);

/* Fills the response: body, Content-Type, and the headers of its status (Retry-After, WWW-Authenticate). */
void problem_respond(const struct problem *problem, const struct http_request *request,
		     struct http_response *ret_response);

#endif
