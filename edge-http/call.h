/* A call: one REST request on its way to a service and back.
 *
 * A call that asks one service once is handed over to whoever takes the reply, where the server allows it; its thread
 * is then free for the next request. All others wait in their thread.
 *
 * Checks come in this order: framing (http.h) → path and method → who asks → media type → what cannot be read → what is
 * not acceptable. A step that finds a problem returns it; problem.status 0 means: go on. */
#ifndef EDGE_CALL_H
#define EDGE_CALL_H

#include <stdatomic.h>

#include "edge/auth.h"
#include "edge/problem.h"
#include "edge/routes.h"
#include "edge/settings.h"
#include "http/http.h"
#include "rpc/rpc.h"
#include "telemetry/span.h"
#include "json/json.h"

/* What all calls share. */
struct edge {
	const struct edge_settings *settings;
	struct rpc *rpc;
	struct auth *auth;
	struct limits *limits;    /* NULL: none */
	char *uncounted;          /* addresses (address.h) whose connections are not counted */
	char *headers;            /* lines that every answer has */
	atomic_int waiting;       /* threads that wait for an order's outcome */
	atomic_llong settling_us; /* how long orders take to settle, of late */
	atomic_bool listening, stopping;
};

struct call {
	struct edge *edge;
	const struct http_request *request;
	struct http_response *response;
	struct arena *arena;
	int64_t begun_us;        /* wall clock */
	struct uuid id;          /* of this call: of its message, where no key makes it, and of its trace */
	const char *request_id;  /* X-Request-Id: the client's, or our own */
	const char *traceparent; /* of what we ask: our own span's, or where none are recorded, the client's */
	struct trace trace;      /* our own span; and what it is below */
	uint8_t parent[8];
	const struct route *route;
	struct span path_id;      /* {id} as sent */
	struct uuid subject;      /* {id} as read */
	int64_t expected_version; /* If-Match; INT_ABSENT: any */
	struct caller caller;
	bool keyed; /* the message's id comes from an Idempotency-Key */
};

/* Ends a call that was answered later. */
void call_finish(struct call *call, const struct problem *problem);

/* http.h's callbacks; the context is a struct edge. */
void call_answer(void *context, const struct http_request *request, struct http_response *ret_response);
void call_refuse(void *context, int status, const char *detail, const struct http_request *request,
		 struct http_response *ret_response);

/* ---- tracing (call_trace.c) ---- */

/* Sets the call's traceparent and trace. */
void call_trace_begin(struct call *call);
void call_trace_end(const struct call *call);

/* ---- asking (forward.c) ---- */

/* Asks the route's message, or another one, and waits. `body`: a struct of the message's schema. `queue` NULL: its own.
 * Returns what is wrong where the service does not say ok. */
struct problem call_ask(struct call *call, int type, const void *body, const char *queue, struct rpc_reply *ret_reply);
/* Asks the route's message and passes the answer on, now or later. */
struct problem call_hand_on(struct call *call, const void *body);
/* Passes an ok on: the route's status, the reply's data, Location, ETag; 304 where the client has it already. */
void call_pass(struct call *call, const struct rpc_reply *reply);
/* Any other answer with a JSON body. */
void call_respond(struct call *call, int status, struct span json);

/* ---- the routes' answers ---- */

struct problem pass_on(struct call *call);       /* forward.c: read, ask, pass */
struct problem register_user(struct call *call); /* forward.c: the same, but not any number at once */
struct problem change_user(struct call *call);   /* forward.c: a new password goes to the slow queue */
struct problem grant_token(struct call *call);   /* tokens.c */
struct problem place_order(struct call *call);   /* orders.c */

#endif
