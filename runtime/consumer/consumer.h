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

/* A batch with so many items is a sign of load. */
enum { BATCH_MANY = 96 };

struct batch {
	struct delivery *deliveries;
	size_t delivery_count, delivery_room;
	struct item *items;
	size_t count, room;
	size_t bytes;
	int64_t fetched_us; /* wall clock */
};

/* The deliveries of a consumer that joins events (consumer/event_join.h): first those that are held because an event of
 * them waits for its partner event, then the new ones. */
struct event_join {
	struct held_delivery **held_deliveries; /* as many as the batch has deliveries, in their order */
	size_t count, room;
	struct held_delivery *next; /* takes the next delivery; NULL: not made yet */
	unsigned channel;           /* of these deliveries */
};

/* What differs by kind of consumer. */
struct consumer_ops {
	/* Processes the batch. True: every item is done. False: the batch is not settled, and the broker delivers it
	 * again. */
	bool (*process)(struct consumer *consumer);
	/* Sends the replies of requests and acknowledges the batch. */
	enum status (*settle)(struct consumer *consumer);
	bool takes_requests; /* otherwise events */
	bool records;        /* requests: answers are recorded in the inbox */
	bool locks;          /* locks what it loads, even at the first try */
	bool joins_events;   /* the field join_timeout_us of its configuration applies */
	bool throttled;      /* admission control applies */
	bool prefers_newest; /* the replica that started last gets messages first */
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
	struct arena trees;    /* the parse tree of one message; reset for the next, because trees are large */
	struct arena *reading; /* of the delivery that is being decoded */
	struct batch batch;
	struct event_join join;
	struct rpc_bundle bundle;
	int64_t priority; /* of its present subscription */
	atomic_bool ready;
	int64_t pessimistic_until; /* until then each try locks rows and checks the inbox first (monotonic) */
	struct trace_span span;    /* of the batch being processed */
	pthread_t thread;
};

static inline bool consumer_stopping(const struct consumer *consumer)
{
	return atomic_load_explicit(&consumer->group->stopping, memory_order_relaxed);
}

/* ---- the steps of a batch, in order ---- */

/* Waits for one message, at most `wait_us` (then E_TIMEOUT). Takes all others that have arrived, decodes and checks
 * them. */
must_check enum status fetch(struct consumer *consumer, int64_t wait_us);

/* Answers all requests of a batch that reads. */
void query_batch(struct consumer *consumer);
/* Decides the batch in one transaction; after a failure, in as few as possible. OK: every item is done. E_UNAVAILABLE:
 * the database is away, and items that are not `done` have had no effect. */
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

/* Memory for the next delivery. The caller fills it and then raises `delivery_count`. */
struct delivery *batch_delivery(struct batch *batch);
/* Adds an item. It may move all items, so keep no pointer to an item before the batch is fetched. */
struct item *batch_item(struct batch *batch);

/* Decides some items in one transaction. OK: they are all done. E_RETRY: try again. E_UNAVAILABLE: the database is
 * away. E_INVALID, E_INTERNAL: at least one item is at fault. After a failure the transaction is rolled back.
 * `optimistic`: see struct dedup. */
must_check enum status process_batch(struct consumer *consumer, struct item **items, size_t count, bool optimistic);

/* Calls the prepare functions of items that have one. */
void prepare_items(struct consumer *consumer, struct item **items, size_t count);

#endif
