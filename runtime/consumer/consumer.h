/* Inside a consumer: what the files that make up a turn share. Not for services. */
#ifndef CONSUMER_CONSUMER_H
#define CONSUMER_CONSUMER_H

#include <pthread.h>
#include <stdatomic.h>

#include "amqp/broker.h"
#include "consumer/engine.h"
#include "relay/outbox_relay.h"
#include "rpc/wire.h"
#include "store/outbox.h"
#include "store/txn.h"
#include "telemetry/span.h"
#include "json/json.h"

/* One message of a batch: a request, an event or a note, with what is known of it so far. */
struct item {
	struct query query;            /* the message; where the request is answered outside a turn: the answer */
	const struct handler *handler; /* NULL: there is nothing to decide */
	const char *id_text;           /* requests: what to answer by; NULL: nobody can be told */
	const struct faults *faults;   /* what is wrong with it; NULL: nothing */
	struct uuid request_hash;      /* requests that write: of type, caller and body */
	struct item *duplicate_of;     /* an earlier item of the batch with the same id; NULL: none */
	size_t delivery, event;        /* the message that it came in, and which of its events it is */
	int64_t attempts, first_us;    /* times that it may have crashed its consumer, and since when */
	enum status fetched;           /* query.status as it was before any decision */
	bool duplicate;                /* was decided in an earlier turn */
	bool secret;                   /* its answer must not be recorded */
	bool done;                     /* its outcome is known: nothing is left to decide */
	bool careful;                  /* redelivered often enough to be worked alone */
	struct span answer;            /* requests: what rpc_answer_write wrote */
	struct trace trace;            /* its span, where spans are recorded, and what that is below */
	uint8_t parent[8];
	struct uuid subject; /* for logs and traces; nil: not known */
	const char *about;   /* what that is the id of; NULL: not known */
};

enum { BATCH_MANY = 96 /* at once: so much comes only under load */ };

/* What a turn works on. */
struct batch {
	struct delivery *deliveries;
	size_t delivery_count, delivery_room;
	struct item *items;
	size_t count, room;
	size_t bytes;
	int64_t gathered_us; /* wall clock */
};

/* Deliveries of which something waits for its other half, then those that came since (consumer/event_join.h). */
struct event_join {
	struct held_delivery **held_deliveries; /* as many as the batch has deliveries, in their order */
	size_t count, room;
	struct held_delivery *next; /* takes the next delivery; NULL: not made yet */
	unsigned channel;           /* on which they came */
};

struct consumer {
	struct engine *engine;
	const struct consumer_config *config;
	char name[40]; /* "events-1" */
	struct broker *broker;
	struct txn txn;
	struct arena trees; /* what one message of events was read into: larger than all else that a turn holds of it */
	struct arena *reading; /* where what is being fetched lives */
	struct batch batch;
	struct event_join join;
	struct rpc_bundle bundle;
	int64_t priority; /* with which it consumes */
	atomic_bool ready;
	int64_t pessimistic_until; /* a turn had to be run again: until when we look first (steady clock;
			       consumer/process_batch.c) */
	struct trace_span turn;    /* the span of the turn under way */
	pthread_t thread;
};

static inline bool consumer_stopping(const struct consumer *consumer)
{
	return atomic_load_explicit(&consumer->engine->stopping, memory_order_relaxed);
}

static inline const struct message_type *consumer_type(const struct consumer *consumer, int type)
{
	return &consumer->engine->service->contract->types[type];
}

static inline bool consumer_takes_requests(const struct consumer *consumer)
{
	return consumer->config->kind == CONSUMER_QUERY || consumer->config->kind == CONSUMER_COMMAND;
}

/* How many messages the broker gives a consumer ahead of their acknowledgement. */
int consumer_prefetch(const struct consumer_config *plan);

/* ---- the steps of a turn, in order ---- */

/* Blocks until one message is there (at most `wait_us`: E_TIMEOUT), takes what else has arrived, reads and checks it.
 */
must_check enum status fetch(struct consumer *consumer, int64_t wait_us);

/* Answers all requests of a query consumer's batch. */
void query_batch(struct consumer *consumer);

/* Decides the batch in as few transactions as it can: one, where nothing goes wrong. Afterwards every item is done.
 * E_UNAVAILABLE: the database is away; nothing was decided of what is not done. */
must_check enum status write_batch(struct consumer *consumer);

/* Decides events that change nothing here: outputs go straight to the relay. Same result as write_batch. */
must_check enum status stateless_batch(struct consumer *consumer);

/* Sends the replies of the batch and acknowledges it. */
must_check enum status answer(struct consumer *consumer);

/* ---- pieces ---- */

/* Room for one more delivery: it counts once `delivery_count` says so. One more item. Items are referred to by address
 * only after gathering is over: until then they may move. */
struct delivery *batch_delivery(struct batch *batch);
struct item *batch_item(struct batch *batch);

/* Decides some items in one transaction. OK: all of them are done. E_RETRY: try again; E_UNAVAILABLE: the database is
 * away; E_INVALID, E_INTERNAL: one of them is to blame. Nothing has happened then. `optimistic`: see struct dedup. */
must_check enum status process_batch(struct consumer *consumer, struct item **items, size_t count, bool optimistic);
/* One item is to blame for what the database said: the event is put aside, the request answered. */
must_check enum status reject_item(struct consumer *consumer, struct item *item, enum status status);

/* Writes the answer of an item that is a request: OK with `body` in the type's reply schema, or the refusal. */
void item_answer(struct consumer *consumer, struct item *item, const struct rpc_answer *with);
/* The request ends with this status and nothing more to say. */
void item_fail(struct consumer *consumer, struct item *item, enum status status);

/* Calls prepare functions of items that have one. */
void prepare_items(struct consumer *consumer, struct item **items, size_t count);
/* Reads what the items' handlers say they touch into the unit's keys. */
void name_keys(struct unit *unit, struct item **items, size_t count);

/* Queues the load statements of every store that has keys, but for what is in the unit already; then takes their
 * results into the unit. `locked`: nobody else changes what was loaded before the transaction ends; otherwise a save
 * that meets a change says so (store.h). Returns how many aggregates are asked for. */
size_t stores_load_send(struct consumer *consumer, struct unit *unit, bool locked);
must_check enum status stores_load_read(struct consumer *consumer, struct unit *unit);
/* The same for what has changed. `optimistic`: what is new is inserted without a look at what is there (store.h).
 * E_RETRY: somebody was faster. */
void stores_save_send(struct consumer *consumer, struct unit *unit, bool optimistic);
must_check enum status stores_save_read(struct consumer *consumer, struct unit *unit);
/* Before the load: puts into the unit what is kept in memory of the aggregates that it names (store/aggregate_cache.h).
 * Returns how many those are. */
size_t stores_take_cached(struct consumer *consumer, struct unit *unit);
/* Before the commit: whether what is from memory and was not changed is still so. E_RETRY: it is not. */
void stores_validate_send(struct consumer *consumer, struct unit *unit);
must_check enum status stores_validate_read(struct consumer *consumer, struct unit *unit);
/* After the commit: keeps what was saved. */
void stores_fill_aggregate_cache(struct consumer *consumer, struct unit *unit);
/* Tells stores that want to know what was saved. */
void stores_saved(struct consumer *consumer, struct unit *unit, int64_t now_us);
/* The cache entries of what has changed, without values; and the values of those that are wanted. */
size_t stores_cache_entries(struct consumer *consumer, struct unit *unit, struct cache_entry **ret_entries);
void stores_cache_values(struct consumer *consumer, struct unit *unit, struct cache_entry *cached);

#endif
