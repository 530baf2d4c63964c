/* A call that waits to be sent or for its reply, its subscribers, and how they are notified. Private to rpc/. */
#ifndef RPC_PENDING_CALL_H
#define RPC_PENDING_CALL_H

#include "rpc/wire.h"

/* How a call ended. */
struct call_result {
	enum status status;
	char *text; /* status OK: the reply as it arrived, `size` bytes on the heap. Otherwise NULL. */
	size_t size;
	bool sent; /* the service may have received the request */
};

struct pending_call;

/* One caller of a pending call. The memory is the caller's and must stay valid until `notify` runs.
 * `notify` runs exactly once, and no lock is held then. */
struct subscriber {
	struct pending_call *pending;
	struct subscriber *next; /* of the same call; after its timeout: in ended_calls.timed_out */
	int64_t due_us;          /* its timeout, by monotonic_now() */
	bool sent;               /* after its timeout: the call had been sent */
	void (*notify)(struct subscriber *subscriber, const struct call_result *result);
};

/* One request item. Equal requests share one. It belongs to the call table until it ends. */
struct pending_call {
	struct uuid id;
	int type; /* index into the contract */
	struct caller caller;
	struct span text, data;   /* the item as JSON, on the heap; its data within the item */
	int64_t start_us, due_us; /* by monotonic_now() */
	bool mergeable;           /* it is in the chain of calls that equal ones can join */
	bool probe;               /* it tests an open circuit breaker */
	bool timed_out;           /* the circuit breaker has counted its timeout */
	struct rpc_queue *queue;
	struct rpc_message *message; /* the message that holds it; NULL: not sent yet */
	struct subscriber *subscribers;
	size_t subscriber_count;
	struct pending_call *previous, *next;             /* in a queue's or a message's list */
	struct pending_call *next_by_id, *next_mergeable; /* in the table's hash chains */
	struct call_result result;                        /* after its end */
};

struct call_list {
	struct pending_call *first, *last;
};
void call_list_append(struct call_list *list, struct pending_call *pending);
void call_list_remove(struct call_list *list, struct pending_call *pending);

/* Calls and subscribers that ended while the table's lock was held. They are notified after it is released. */
struct ended_calls {
	struct pending_call *calls;
	struct subscriber *timed_out;
};

/* Moves the call, and the text of its result, to `ended`. */
void pending_call_end(struct pending_call *pending, const struct call_result *result, struct ended_calls *ended);
/* Notifies the subscribers and frees the calls. The caller must hold no lock, because a subscriber may call again. */
void ended_calls_notify(struct ended_calls *ended);

/* A call without subscribers. The request's data is copied. */
struct pending_call *pending_call_new(const struct contract *contract, const struct rpc_request *request,
				      int64_t due_us);
void pending_call_free(struct pending_call *pending);
void pending_call_subscribe(struct pending_call *pending, struct subscriber *subscriber);
/* Whether one is a repeat of the other: the same type, queue, user and data. The services compare the same. The client
 * may have signed in again in between. */
bool pending_call_repeats(const struct pending_call *a, const struct pending_call *b);
/* Whether both may have one reply: a repeat, of the same session and role. */
bool pending_call_equals(const struct pending_call *a, const struct pending_call *b);

#endif
