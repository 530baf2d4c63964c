/* RPC by direct reply-to: the asking side.
 *
 * Any thread may ask; one thread of its own holds the connection, another ends the calls whose time is up. What waits
 * together for one queue travels as one message, with a window of unanswered messages a queue; a lone request goes at
 * once. In-flight cap and circuit breaker per queue. The messages are described in docs/reference/messages.md. */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "core/message.h"

struct rpc;

struct rpc_config {
	const char *broker_url, *program;
	const struct contract *contract;
	int64_t heartbeat_us;
	int window;               /* unanswered messages a queue */
	int in_flight_max;        /* calls a queue, sent and waiting; beyond: E_BUSY at once */
	int breaker_after;        /* time-outs in a row, and no answer meanwhile, that open the breaker */
	int64_t breaker_pause_us; /* between two probes of an open one: all calls are refused at once meanwhile */
};

struct rpc *rpc_new(const struct rpc_config *config);
void rpc_free(struct rpc *rpc);
bool rpc_connected(const struct rpc *rpc);

struct rpc_request {
	int type;       /* index into the contract */
	struct uuid id; /* the item's id; an idempotency key makes it (a resend uses the same) */
	struct caller caller;
	int64_t time_us, deadline_us; /* timestamp_now() based */
	const char *traceparent;
	struct span data;  /* the body as JSON, already encoded; empty: {} */
	const char *queue; /* NULL: the type's own */
	bool read;         /* the same (type, caller, data) that waits together is asked once */
};

struct rpc_reply {
	enum status status;
	struct span data;                  /* OK: the reply's data as JSON, in the arena; may be empty */
	const char *code, *detail, *field; /* otherwise: what the service said, in the arena; NULL: nothing */
	struct span errors;                /* otherwise: [{"field":…,"message":…},…] as JSON; empty: none */
	bool sent;                         /* otherwise: the request may have been received */
};

/* Told once for each rpc_call_async: by the thread that asks, before that returns, or by one of RPC's own, which others
 * wait for: it must not block. The reply's texts live in the arena. */
typedef void rpc_done(void *context, const struct rpc_reply *reply);

/* Asks without waiting. The arena must not be used for anything else until `done` is told, which may be at once. The
 * reply's status is OK or what the service said; E_TIMEOUT when the deadline passed, E_BUSY when the in-flight cap is
 * reached or the queue is full, E_UNAVAILABLE when the broker is away (`sent` tells whether it went away before the
 * answer), the queue is missing or the breaker open, E_KEY_REUSED when another request of the same id is on its way
 * (the same request, asked twice at a time, travels once). A queue that does not answer is tested by one call at a
 * time, which waits a second at most. After rpc_free nobody is told any more: it tells all first. */
void rpc_call_async(struct rpc *rpc, const struct rpc_request *request, struct arena *arena, rpc_done *done,
		    void *context);

/* The same, and waits. Fills `ret_reply` in every case and returns its status. */
must_check enum status rpc_call(struct rpc *rpc, const struct rpc_request *request, struct arena *arena,
				struct rpc_reply *ret_reply);

#endif
