/* Problems: every error that a client sees, as application/problem+json (RFC 9457).
 *
 * This is the only place where a status becomes a problem. `type` is always "about:blank", so `title` is the words of
 * the HTTP status; what a program looks at is `code`, which is stable, and what a person reads is `detail`. */
#ifndef EDGE_PROBLEM_H
#define EDGE_PROBLEM_H

#include "core/schema.h"
#include "http/http.h"
#include "rpc/rpc.h"

struct problem {
	int status;                /* of HTTP; 0: there is no problem; ANSWERED_LATER */
	const char *code, *detail; /* detail: for people */
	int64_t retry_after_s;     /* of 429 and 503; 0: 1 */
	struct span errors;        /* [{"field":…,"message":…},…] as JSON; empty: none */
	struct span members;       /* further members as JSON, "name":value,…; empty: none */
};

/* A status: the request was taken from its thread, and another answers it. The call must not be touched any more. */
enum { ANSWERED_LATER = -1 };

/* What was asked for, as far as it matters to what a client should do next. */
enum asked {
	ASKED_READ,  /* nothing can have happened */
	ASKED_WRITE, /* it may have happened */
	ASKED_KEYED  /* it may have happened, and can be repeated with the same Idempotency-Key */
};

/* HTTP's own refusals: 400, 404, 405, 408, 413, 414, 415, 417, 431, 501, 505, ... NULL detail: a plain one. */
struct problem problem_http(int status, const char *detail);
/* A status that came up at the edge itself. NULL detail: what the status generally means. */
struct problem problem_of(enum status status, const char *detail);
/* Faults: E_MALFORMED gives 400, E_INVALID 422. `what`: "The body", "The query". */
struct problem problem_of_faults(enum status status, const char *what, const struct faults *faults,
				 struct arena *arena);
/* What a service answered, or that it did not. */
struct problem problem_of_reply(const struct rpc_reply *reply, enum asked asked, struct arena *arena);

/* Makes the response: body, Content-Type, and the headers that belong to its status (Retry-After, WWW-Authenticate). */
void problem_respond(const struct problem *problem, const struct http_request *request,
		     struct http_response *ret_response);

#endif
