/* A consumer: one thread with its AMQP and PostgreSQL connections and one queue. Private to consumer/. */
#ifndef CONSUMER_CONSUMER_H
#define CONSUMER_CONSUMER_H

#include <pthread.h>
#include <stdatomic.h>

#include "amqp/broker.h"
#include "consumer/consumer_group.h"
#include "rpc/wire.h"
#include "store/item.h"
#include "store/outbox.h"
#include "store/txn.h"
#include "telemetry/span.h"

enum { BATCH_MANY = 96 /* items in one batch: so many come only under load */ };

struct batch {
	struct delivery *deliveries;
	size_t delivery_count, delivery_room;
	struct item *items;
	size_t count, room;
	size_t bytes;
	int64_t fetched_us; /* wall clock */
};

/* Deliveries of which an event waits for the other one about its aggregate, then those that came since
 * (consumer/event_join.h). */
struct event_join {
	struct held_delivery **held_deliveries; /* as many as the batch has deliveries, in their order */
	size_t count, room;
	struct held_delivery *next; /* takes the next delivery; NULL: not made yet */
	unsigned channel;           /* on which they came */
};

/* What differs by kind of consumer. */
struct consumer_ops {
	/* Processes the batch. Afterwards every item is done. False: it could not be settled; the broker delivers it
	 * again.
	 */
	bool (*process)(struct consumer *consumer);
	/* Sends replies if there are any, and acknowledges the batch. */
	enum status (*settle)(struct consumer *consumer);
	bool takes_requests; /* otherwise events */
	bool records;        /* requests: answers are recorded in the inbox */
	bool locks;          /* locks what it loads, even at the first try */
	bool joins_events;   /* the setting join_timeout_us of its configuration counts */
	bool throttled;      /* admission control applies */
	bool prefers_newest; /* of several replicas, the one that started last is given messages first */
	int prefetch;        /* messages that the broker sends before an acknowledgement */
	int prefetch_joined; /* the same where events are joined */
};

struct consumer {
	struct consumer_group *group;
	const struct consumer_config *config;
	const struct consumer_ops *ops;
	char name[40]; /* "events-1" */
	struct broker *broker;
	struct txn txn;
	struct arena trees;    /* the parse tree of one message: larger than all else that a batch holds of it */
	struct arena *reading; /* where what is being fetched lives */
	struct batch batch;
	struct event_join join;
	struct rpc_bundle bundle;
	int64_t priority; /* with which it consumes */
	atomic_bool ready;
	int64_t pessimistic_until; /* after a transaction had to be run again: locks and checks first (monotonic) */
	struct trace_span span;    /* of the batch being processed */
	pthread_t thread;
};

static inline bool consumer_stopping(const struct consumer *consumer)
{
	return atomic_load_explicit(&consumer->group->stopping, memory_order_relaxed);
}

/* ---- the steps of a batch, in order ---- */

/* Blocks until one message is there (at most `wait_us`: E_TIMEOUT), fetches what else has arrived, reads and checks it.
 */
must_check enum status fetch(struct consumer *consumer, int64_t wait_us);

/* Answers all requests of a batch that reads. */
void query_batch(struct consumer *consumer);
/* Decides the batch in as few transactions as possible: one, where nothing goes wrong. Afterwards every item is done.
 * E_UNAVAILABLE: the database is away; nothing was decided of what is not done. */
must_check enum status write_batch(struct consumer *consumer);
/* Decides events that change nothing in this service: outputs go straight to the relay. Same result as write_batch. */
must_check enum status stateless_batch(struct consumer *consumer);

/* Sends the replies of the batch and acknowledges it. */
must_check enum status settle_requests(struct consumer *consumer);
must_check enum status settle_events(struct consumer *consumer);

/* ---- pieces ---- */

extern const struct consumer_ops consumer_ops[]; /* by enum consumer_kind */

void consumer_set_ready(struct consumer *consumer, bool ready);

/* How many messages the broker gives a consumer before their acknowledgement. */
int consumer_prefetch(const struct consumer *consumer);

/* Room for one more delivery: it counts when `delivery_count` includes it. One more item. Items move while the batch is
 * fetched: no pointer to one may be kept before. */
struct delivery *batch_delivery(struct batch *batch);
struct item *batch_item(struct batch *batch);

/* Decides some items in one transaction. OK: all of them are done. E_RETRY: try again. E_UNAVAILABLE: the database is
 * away. E_INVALID, E_INTERNAL: one of the items is at fault. On failure nothing has happened. `optimistic`: see struct
 * dedup. */
must_check enum status process_batch(struct consumer *consumer, struct item **items, size_t count, bool optimistic);

/* Calls the prepare functions of items that have one. */
void prepare_items(struct consumer *consumer, struct item **items, size_t count);

#endif
