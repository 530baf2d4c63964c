/* A call: one REST request, the requests that it sends to services, and its response.
 *
 * A call that needs one reply is deferred where the server allows it: its thread is free for the next request, and the
 * thread that receives the reply completes the call. Other calls wait in their thread.
 *
 * Checks come in this order: framing (the HTTP server), path and method, the caller, the rate limit, media type,
 * syntax, values. A step that finds a fault returns a problem. problem.status 0 means: go on. */
#ifndef EDGE_CALL_H
#define EDGE_CALL_H

#include <stdatomic.h>

#include "comanda/http.h"
#include "comanda/program.h"
#include "comanda/rpc.h"
#include "edge/auth.h"
#include "edge/problem.h"
#include "edge/routes.h"
#include "edge/settings.h"

/* What all calls share. */
struct edge {
	const struct edge_settings *settings;
	struct rpc *rpc;
	struct auth *auth;
	struct rate_limits *rate_limits; /* NULL: no limits */
	char *exempt_addresses;          /* addresses whose connections are not limited (config/address.h) */
	char *extra_headers;             /* header lines of every answer */
	atomic_int waiting_calls;        /* threads that wait for the outcome of an order */
	atomic_llong outcome_time_us;    /* moving average: from an order's creation to its outcome */
	atomic_bool listening, stopping;
};

struct call {
	struct edge *edge;
	const struct http_request *request;
	struct http_response *response;
	struct arena *arena;
	int64_t start_us;        /* wall clock */
	struct uuid id;          /* id of its message, unless an Idempotency-Key makes that, and of its trace */
	const char *request_id;  /* X-Request-Id: the client's, or the call's id */
	const char *traceparent; /* for requests to services: the call's span, or the client's if none is recorded */
	struct trace trace;      /* the call's span */
	uint8_t parent[8];       /* the span above it */
	const struct route *route;
	struct span path_id;      /* {id} as sent */
	struct uuid subject;      /* {id} as a UUID */
	int64_t expected_version; /* If-Match; INT_ABSENT: any */
	struct caller caller;
	bool has_key; /* an Idempotency-Key makes the message's id */
};

/* Ends a deferred call, with the problem, or with the response if problem->status is 0. */
void call_complete_deferred(struct call *call, const struct problem *problem);

/* The callbacks of comanda/http.h. The context is a struct edge. */
void call_answer(void *context, const struct http_request *request, struct http_response *ret_response);
void call_refuse(void *context, int status, const char *detail, const struct http_request *request,
		 struct http_response *ret_response);

/* ---- tracing (call_trace.c) ---- */

/* Sets the call's trace and traceparent. */
void call_trace_begin(struct call *call);
void call_trace_end(const struct call *call);

/* ---- forwarding (forward.c) ---- */

/* Sends a request to a service and waits for the reply. `body`: a struct of the type's schema. `queue` NULL: the queue
 * of the type. Returns a problem if the reply is not OK. */
struct problem call_forward(struct call *call, int type, const void *body, const char *queue,
			    struct rpc_reply *ret_reply);
/* Sends the route's request and responds with the reply: deferred if possible, otherwise it waits. */
struct problem call_forward_deferred(struct call *call, const void *body);
/* Responds with an OK reply: the route's status, the data, Location, ETag. 304 if the client has this version. */
void call_pass_reply(struct call *call, const struct rpc_reply *reply);
/* Responds with a JSON body. */
void call_respond_json(struct call *call, int status, struct span json);

/* ---- handlers of routes ---- */

struct problem forward(struct call *call);       /* forward.c: decode, forward, respond */
struct problem register_user(struct call *call); /* forward.c: also limited per address */
struct problem change_user(struct call *call);   /* forward.c: a new password goes to the queue users.password */
struct problem sign_out(struct call *call);      /* forward.c: its key belongs to the session */
struct problem grant_token(struct call *call);   /* tokens.c */
struct problem place_order(struct call *call);   /* orders.c */

#endif
