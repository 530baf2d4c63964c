/* The RPC client: requests to services over direct reply-to.
 *
 * Any thread may call. One thread of the client speaks with the broker, and another ends the calls that time out.
 * Requests that wait for the same queue are sent together as one message. Per queue there is a window of unanswered
 * messages, a limit of calls in flight, and a circuit breaker. docs/reference/messages.md describes the messages.
 * Source: https://www.rabbitmq.com/docs/direct-reply-to */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "core/message.h"

struct rpc;

struct rpc_config {
	const char *broker_url, *program;
	const struct contract *contract;
	int64_t heartbeat_us;
	int window;               /* unanswered messages per queue */
	int in_flight_max;        /* calls per queue, waiting and sent; more get E_BUSY at once */
	int breaker_after;        /* timeouts in a row, without a reply in between, that open the circuit breaker */
	int64_t breaker_pause_us; /* between two probes of an open circuit breaker; other calls are refused at once */
};

struct rpc *rpc_new(const struct rpc_config *config);
/* Ends all pending calls, and runs their `done`. NULL is accepted. */
void rpc_free(struct rpc *rpc);
bool rpc_connected(const struct rpc *rpc);

struct rpc_request {
	int type;       /* index into the contract */
	struct uuid id; /* the item's id; derived from the idempotency key, so that a repeat has the same id */
	struct caller caller;
	int64_t time_us, deadline_us; /* based on timestamp_now() */
	const char *traceparent;      /* NULL: none */
	struct span data;             /* the body as JSON; empty: {} */
	const char *queue;            /* NULL: the queue of the type */
	bool mergeable; /* equal requests (type, caller, data) that wait together are sent once: for reads */
};

struct rpc_reply {
	enum status status;
	struct span data;                  /* status OK: the reply's data as JSON, in the arena; may be empty */
	const char *code, *detail, *field; /* other status: the service's refusal, in the arena; NULL: not given */
	struct span errors;                /* other status: [{"field":…,"message":…},…] as JSON; empty: none */
	bool sent;                         /* other status: the service may have received the request */
};

/* Runs once per rpc_call_async, in the calling thread before rpc_call_async returns, or in a thread of the client.
 * It must not block, because other calls wait for that thread. The texts of `reply` live in the arena. */
typedef void rpc_done(void *context, const struct rpc_reply *reply);

/* Sends a request without waiting. The arena must not be used for anything else until `done` runs.
 * reply->status is OK, or what the service replied, or:
 * E_TIMEOUT: the deadline passed. A probe of the circuit breaker has at most one second.
 * E_BUSY: the limit of calls in flight is reached, or the queue is full.
 * E_UNAVAILABLE: no connection to the broker, no such queue, or the circuit breaker is open.
 * E_KEY_REUSED: another request with this id is pending. An equal request joins the pending one instead. */
void rpc_call_async(struct rpc *rpc, const struct rpc_request *request, struct arena *arena, rpc_done *done,
		    void *context);

/* Like rpc_call_async, and waits. Always fills `ret_reply`, and returns its status. */
must_check enum status rpc_call(struct rpc *rpc, const struct rpc_request *request, struct arena *arena,
				struct rpc_reply *ret_reply);

#endif
