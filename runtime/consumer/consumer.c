/* A consumer's life: connect, consume, turn, again. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "consumer/consumer.h"
#include "consumer/consumer_metrics.h"
#include "consumer/consumers.h"
#include "consumer/event_join.h"
#include "store/cache_guard.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define IDLE_US  (200 * MS_US)
#define PING_US  (2 * SECOND_US)
#define HOLD_US  (100 * MS_US)
#define PAUSE_MS 20

static struct metric held = {.name = "comanda_consumer_stalls_total",
			     .help = "Batches that a consumer had to hold because it could not commit",
			     .type = COUNTER,
			     .label = "consumer"};

static struct metric consumer_is_ready = {.name = "comanda_consumer_ready",
					  .help = "1 if the consumer is subscribed to its queue and has its database",
					  .type = GAUGE,
					  .label = "consumer"};

static void set_ready(struct consumer *consumer, bool ready)
{
	atomic_store(&consumer->ready, ready);
	metric_set(&consumer_is_ready, consumer->name, ready);
}

/* ---- connecting ---- */

static void pause_consumer(void)
{
	poll(NULL, 0, PAUSE_MS);
}

/* Of several replicas, the one that was started last is given what writes, as long as it has room: batches stay whole,
 * the two answers to an order meet in one turn, and nobody else changes the same rows. Last, because a newer build
 * knows what an older one does not. Reads, and what is worked one by one, gain nothing from being together. Who is
 * without its database lets all others go first. */
static int64_t priority(const struct consumer *consumer)
{
	if (!db_connected(consumer->txn.db))
		return -1;
	return consumer->config->kind == CONSUMER_QUERY || consumer->config->batch_max == 1
		       ? 0
		       : consumer->engine->started_us;
}

static enum status consume(struct consumer *consumer)
{
	const struct broker_consume plan = {
		.queue = consumer->config->queue,
		.prefetch = consumer_prefetch(consumer->config),
		.priority = priority(consumer),
	};

	consumer->priority = plan.priority;
	const enum status status = broker_consume(consumer->broker, &plan);
	if (status == OK)
		log_info("consumer.consuming", kv_text("queue", plan.queue));
	else if (status == E_NOT_FOUND)
		log_warn("consumer.no_queue", kv_text("queue", plan.queue),
			 kv_text("detail", "the queue is not there; comanda topology apply puts it there"));
	return status;
}

/* Is the consumer able to take messages? Events are not taken while they could not be written. */
static bool consuming(struct consumer *consumer)
{
	if (broker_ensure(consumer->broker) != OK)
		return false;
	if (broker_consuming(consumer->broker) && consumer->priority == priority(consumer))
		return true;
	if (broker_cancel(consumer->broker) != OK)
		return false;
	if (!consumer_takes_requests(consumer) && db_ensure(consumer->txn.db) != OK) {
		if (broker_tick(consumer->broker, 0) != OK)
			broker_drop(consumer->broker);
		return false;
	}
	if (consume(consumer) == OK)
		return true;
	broker_drop(consumer->broker);
	return false;
}

static const struct sql ping = {"consumer_ping", "SELECT 1"};

/* An idle consumer looks whether its database is still there: readiness must not be a memory. */
static void look_after_database(struct consumer *consumer, int64_t *next_us)
{
	struct rows rows;

	if (monotonic_now() < *next_us)
		return;
	*next_us = monotonic_now() + PING_US;
	if (db_ensure(consumer->txn.db) == OK && db_run(consumer->txn.db, &ping, &rows) != OK)
		db_recover(consumer->txn.db);
}

/* ---- turning ---- */

static void fail_rest(struct consumer *consumer, enum status status)
{
	for (size_t i = 0; i < consumer->batch.count; i++)
		if (!consumer->batch.items[i].done)
			item_fail(consumer, &consumer->batch.items[i], status);
}

/* What a batch needs is away: the database, or the broker for what it says. What was taken is held, nothing more is
 * taken, the connection is kept alive. False: the connection is gone as well (the broker gives what we held to somebody
 * else), or the program ends. */
static bool hold(struct consumer *consumer)
{
	const int64_t end = monotonic_now() + HOLD_US;

	set_ready(consumer, false);
	if (broker_consuming(consumer->broker) && broker_cancel(consumer->broker) != OK)
		return false;
	while (!consumer_stopping(consumer)) {
		if (broker_tick(consumer->broker, 0) != OK)
			return false;
		if (monotonic_now() >= end && db_ensure(consumer->txn.db) == OK)
			return true;
		pause_consumer();
	}
	return false;
}

static enum status event_batch(struct consumer *consumer)
{
	return consumer->config->kind == CONSUMER_STATELESS ? stateless_batch(consumer) : write_batch(consumer);
}

/* False: the batch could not be settled; the broker will deliver it again. */
static bool turn_events(struct consumer *consumer)
{
	enum status status = event_batch(consumer);

	if (status == OK)
		return true;
	metric_add(&held, consumer->config->name, 1);
	log_warn("consumer.stalled", kv_int("items", consumer->batch.count),
		 kv_text("status", status_rule(status)->code), kv_text("detail", db_detail(consumer->txn.db)));
	while (status != OK) {
		if (!hold(consumer))
			return false;
		status = event_batch(consumer);
	}
	log_info("consumer.resumed");
	return true;
}

/* What would stay open is refused while too much is; what ends it is not. */
static void refuse_openers(struct consumer *consumer)
{
	if (!outbox_relay_at_capacity(consumer->engine->relay))
		return;
	for (size_t i = 0; i < consumer->batch.count; i++) {
		struct item *item = &consumer->batch.items[i];

		if (item->query.status == OK && item->query.message.type == consumer->engine->service->admission.type)
			item_fail(consumer, item, E_BUSY);
	}
}

static void turn_requests(struct consumer *consumer)
{
	const struct engine *engine = consumer->engine;

	if (consumer->config->kind == CONSUMER_QUERY) {
		query_batch(consumer);
	} else if (outbox_relay_backlog_age(engine->relay) > engine->settings->outbox_age_max_us) {
		fail_rest(consumer, E_BUSY); /* what is accepted could not be told to anybody */
	} else {
		refuse_openers(consumer);
		if (write_batch(consumer) != OK)
			fail_rest(consumer, E_UNAVAILABLE);
	}
}

static bool turn(struct consumer *consumer)
{
	bool settled = true;

	cache_guard_refresh(consumer);
	consumer_metrics_batch_begin(consumer);
	if (consumer_takes_requests(consumer))
		turn_requests(consumer);
	else
		settled = turn_events(consumer);
	consumer_metrics_batch_end(consumer, settled);
	return settled;
}

/* No more is begun than is brought to its end. */
static void rest(struct consumer *consumer)
{
	struct admission *admission = &consumer->engine->admission;
	const int64_t since = monotonic_now();

	if (consumer->config->kind != CONSUMER_COMMAND || consumer->engine->service->admission.max_setting == 0)
		return;
	while (!consumer_stopping(consumer) && admission_throttled(admission, since))
		poll(NULL, 0, 1);
}

static void step(struct consumer *consumer, int64_t *next_ping_us)
{
	const bool before = broker_consuming(consumer->broker);

	arena_reset(&consumer->txn.arena);
	if (!consuming(consumer)) {
		set_ready(consumer, false);
		pause_consumer();
		return;
	}
	if (!before) /* the first message may be long in coming */
		set_ready(consumer, db_connected(consumer->txn.db));
	rest(consumer);
	const enum status status = fetch(consumer, IDLE_US);
	if (status == E_TIMEOUT) {
		look_after_database(consumer, next_ping_us);
		set_ready(consumer, db_connected(consumer->txn.db));
		return;
	}
	bool settled = status == OK;
	if (settled)
		settled = turn(consumer);
	if (settled && answer(consumer) == OK)
		consumer_metrics_settled(consumer);
	else
		broker_drop(consumer->broker);
	set_ready(consumer, broker_consuming(consumer->broker) && db_connected(consumer->txn.db));
}

static void *run(void *context)
{
	struct consumer *consumer = context;
	int64_t next_ping = 0;

	log_thread(consumer->name);
	if (consumer->config->nice != 0)
		(void)setpriority(PRIO_PROCESS, 0, consumer->config->nice); /* of this thread alone, on Linux */
	look_after_database(consumer, &next_ping);
	while (!consumer_stopping(consumer))
		step(consumer, &next_ping);
	broker_close(consumer->broker);
	return NULL;
}

/* ---- making ---- */

static void connect_parts(struct consumer *consumer)
{
	const struct service_settings *settings = consumer->engine->settings;

	consumer->broker = broker_new(&(struct broker_config){
		.url = settings->broker_url,
		.program = consumer->engine->service->name,
		.connection_name = consumer->name,
		.heartbeat_us = settings->broker_heartbeat_us,
	});
	consumer->txn.db = db_new(&(struct db_config){
		.url = settings->database_url,
		.program = consumer->engine->service->name,
		.connection_name = consumer->name,
		.wait_us = settings->statement_timeout_us,
	});
	consumer->txn.cache = cache_new(&(struct cache_config){
		.url = settings->redis_url,
		.wait_us = CACHE_WAIT_US,
		.keep_us = CACHE_KEEP_US,
		.fence_us = settings->statement_timeout_us < CACHE_FENCE_US / 2 ? CACHE_FENCE_US
										: 2 * settings->statement_timeout_us,
	});
}

struct consumer *consumer_start(struct engine *engine, const struct consumer_config *plan, int number)
{
	struct consumer *consumer = mem_new(1, sizeof(*consumer));

	consumer->engine = engine;
	consumer->config = plan;
	snprintf(consumer->name, sizeof(consumer->name), "%s-%d", plan->name, number);
	set_ready(consumer, false);
	txn_init(&consumer->txn, engine->service, engine->program_settings);
	consumer->txn.name = plan->name;
	consumer->txn.has_cache = engine->settings->redis_url != NULL && *engine->settings->redis_url != '\0';
	consumer->txn.aggregate_cache = engine->aggregate_cache;
	arena_init(&consumer->trees);
	rpc_bundle_init(&consumer->bundle);
	connect_parts(consumer);
	if (pthread_create(&consumer->thread, NULL, run, consumer) == 0)
		return consumer;
	consumer_free(consumer);
	return NULL;
}

void consumer_join(struct consumer *consumer)
{
	pthread_join(consumer->thread, NULL);
}

void consumer_free(struct consumer *consumer)
{
	broker_free(consumer->broker);
	db_free(consumer->txn.db);
	cache_free(consumer->txn.cache);
	event_join_done(consumer);
	rpc_bundle_done(&consumer->bundle);
	txn_done(&consumer->txn);
	arena_done(&consumer->trees);
	free(consumer->batch.deliveries);
	free(consumer->batch.items);
	free(consumer);
}

bool consumer_ready(const struct consumer *consumer, struct buffer *why)
{
	if (atomic_load(&consumer->ready))
		return true;
	buffer_format(why, "consumer %s: no consumer, or no database\n", consumer->name);
	return false;
}
