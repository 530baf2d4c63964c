/* What the asking side of RPC knows: queues, items that wait to be sent, messages that wait for an answer.
 *
 * Any thread asks, one thread speaks with the broker, another watches the clock; they meet in this table, under its
 * lock, which every function here expects to be held unless it says otherwise. */
#ifndef RPC_PENDING_CALLS_H
#define RPC_PENDING_CALLS_H

#include <pthread.h>

#include "rpc/call.h"

enum { RPC_QUEUES = 32, RPC_BUCKETS = 1024 };

/* One message that is on its way, or is being answered. */
struct sent {
	struct rpc_queue *queue;
	uint64_t sequence; /* of the publication */
	int64_t due_us;    /* gives its slot back then */
	struct asks asks;  /* without an answer yet */
	const char *type;  /* of all its items; "mixed" */
	struct uuid id;    /* of its first item */
	size_t count;      /* of its items */
	struct sent *next;
};

struct rpc_queue {
	const char *name;
	struct asks waiting;
	int callers;           /* asking and waiting */
	int unanswered;        /* messages */
	int time_outs;         /* in a row, of what was asked since the last answer */
	int64_t answered_us;   /* steady: the last answer */
	bool probing;          /* the breaker is open, and one call tests it */
	int64_t next_probe_us; /* steady: until then, none does */
};

struct rpc_table {
	const struct rpc_config *config;
	pthread_mutex_t lock;
	pthread_cond_t sooner; /* somebody gives up sooner than first_due_us said before; or table.stopping */
	int64_t first_due_us;  /* steady: nobody gives up before */
	bool connected, blocked, sleeping, stopping;
	struct rpc_queue queues[RPC_QUEUES];
	size_t consumer_count;
	struct ask *by_id[RPC_BUCKETS], *reads[RPC_BUCKETS];
	struct sent *sent;
};

void rpc_table_init(struct rpc_table *table, const struct rpc_config *config);
void rpc_table_done(struct rpc_table *table);

/* OK: the item waits to be sent, or was freed because an equal one is there already; subscriber->ask is the one that
 * will be told about. Otherwise it stays the caller's. E_BUSY: too many callers; E_UNAVAILABLE: no connection, or the
 * breaker is open; E_KEY_REUSED: another request of this id is on its way; E_INTERNAL: no such queue. When the
 * subscriber gives up comes nearer for a probe. */
must_check enum status table_enlist(struct rpc_table *table, struct ask *ask, const char *queue,
				    struct subscriber *subscriber);
/* Those whose time is up give up. */
void table_end_late(struct rpc_table *table, int64_t now_us, struct ended *ended);
/* True where the thread that speaks with the broker has something to send. */
bool queue_can_send(const struct rpc_table *table, const struct rpc_queue *queue);
/* The next message of a queue, its items written into the bundle; NULL: nothing to send. */
struct sent *queue_take(struct rpc_table *table, struct rpc_queue *queue, struct rpc_bundle *bundle);
/* Replies to an item: all that asked it have the answer. False: nobody waits for it any more, or not for an answer of
 * this user of the broker. */
bool table_answer(struct rpc_table *table, const struct rpc_slice *slice, const char *user, struct ended *ended);
/* Ends what a message has unanswered, and the message. */
void table_end_message(struct rpc_table *table, struct sent *sent, const struct rpc_end *end, struct ended *ended);
/* Ends what waits in all queues. */
void table_end_waiting(struct rpc_table *table, const struct rpc_end *end, struct ended *ended);
/* Gives back the slots of messages that are overdue. */
void table_expire(struct rpc_table *table, int64_t now_us, struct ended *ended);

#endif
