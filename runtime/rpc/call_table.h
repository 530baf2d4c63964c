/* All calls of a client: those that wait to be sent, and the messages that wait for replies. Private to rpc/.
 *
 * Three kinds of threads use the table: callers, the RPC thread (rpc/io.c) and the timer thread (rpc/rpc.c).
 * Every function here expects the table's lock to be held, except call_table_init and call_table_done. */
#ifndef RPC_CALL_TABLE_H
#define RPC_CALL_TABLE_H

#include <pthread.h>

#include "rpc/call_index.h"
#include "rpc/circuit_breaker.h"

enum { RPC_QUEUES = 32 };

/* One request message that was sent, or is being sent. */
struct rpc_message {
	struct rpc_queue *queue;
	uint64_t sequence;      /* of the publication */
	int64_t due_us;         /* by monotonic_now(): its place in the window is free again */
	struct call_list calls; /* without a reply yet */
	const char *type;       /* the type of all its items, or "mixed" */
	struct uuid id;         /* of its first item */
	size_t count;           /* of its items */
	struct rpc_message *next;
};

struct rpc_queue {
	const char *name;
	struct call_list waiting; /* not sent yet */
	int subscribers;          /* of all its pending calls */
	int unanswered;           /* messages */
	struct circuit_breaker breaker;
};

struct call_table {
	const struct rpc_config *config;
	pthread_mutex_t lock;
	pthread_cond_t due_changed; /* next_due_us was lowered, or `stopping` was set */
	int64_t next_due_us;        /* by monotonic_now(): no subscriber times out before it */
	bool connected, blocked;    /* the connection to the broker */
	bool sleeping;              /* the RPC thread waits, and must be woken when there is a call to send */
	bool stopping;
	struct rpc_queue queues[RPC_QUEUES];
	size_t queue_count;
	struct call_index index;
	struct rpc_message *messages;
};

/* `config` is borrowed for the life of the table. One queue per queue of the contract. */
void call_table_init(struct call_table *table, const struct rpc_config *config);
void call_table_done(struct call_table *table);

/* Adds a call. On OK the table owns `pending`: it waits to be sent, or it was freed because an equal call was there.
 * subscriber->pending is then the call that the subscriber belongs to. On other results `pending` stays the caller's.
 * For a probe, subscriber->due_us is lowered to the probe's timeout.
 * E_BUSY: too many callers. E_UNAVAILABLE: no connection, or the circuit breaker is open.
 * E_KEY_REUSED: another request with this id is pending. E_INTERNAL: there is no such queue. */
must_check enum status call_table_add(struct call_table *table, struct pending_call *pending, const char *queue,
				      struct subscriber *subscriber);
/* Ends the wait of every subscriber whose time is up. */
void call_table_time_out(struct call_table *table, int64_t now_us, struct ended_calls *ended);
/* Whether the RPC thread has something to send to this queue. */
bool rpc_queue_can_send(const struct call_table *table, const struct rpc_queue *queue);
/* Makes the next message of a queue and writes its items into the bundle. NULL: there is nothing to send. */
struct rpc_message *rpc_queue_next_message(struct call_table *table, struct rpc_queue *queue,
					   struct rpc_bundle *bundle);
/* Ends the calls that a reply answers. `user` is the broker's user who sent it.
 * False: no call with this id waits for a reply, or this user may not answer it. */
bool call_table_complete(struct call_table *table, const struct rpc_slice *slice, const char *user,
			 struct ended_calls *ended);
/* Ends the unanswered calls of a message, and frees the message. */
void call_table_end_message(struct call_table *table, struct rpc_message *message, const struct call_result *result,
			    struct ended_calls *ended);
/* Ends the calls that wait to be sent, in all queues. */
void call_table_end_waiting(struct call_table *table, const struct call_result *result, struct ended_calls *ended);
/* Ends the messages whose time is up. */
void call_table_expire_messages(struct call_table *table, int64_t now_us, struct ended_calls *ended);

#endif
