/* The thread of a consumer: connect, consume, fetch a batch, process it, settle it, and again. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "consumer/consumer.h"
#include "consumer/consumer_metrics.h"
#include "consumer/event_join.h"
#include "store/cache_guard.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define IDLE_US  (200 * MS_US)
#define PING_US  (2 * SECOND_US)
#define PAUSE_MS 20

#define CACHE_WAIT_US (50 * MS_US)
#define CACHE_KEEP_US (10 * MINUTE_US)
/* A fence must outlive the longest wait for a COMMIT. */
#define CACHE_FENCE_US (10 * SECOND_US)

static struct metric consumer_is_ready = {.name = "comanda_consumer_ready",
					  .help = "1 if the consumer is subscribed to its queue and has its database",
					  .type = GAUGE,
					  .label = "consumer"};

void consumer_set_ready(struct consumer *consumer, bool ready)
{
	atomic_store(&consumer->ready, ready);
	metric_set(&consumer_is_ready, consumer->name, ready);
}

/* ---- connecting ---- */

static void pause_consumer(void)
{
	poll(NULL, 0, PAUSE_MS);
}

/* RabbitMQ serves the newest replica first. So batches are full, and one replica changes a row. The newest, because a
 * newer build may know a message type that an older one does not. Queries, and messages that are processed one at a
 * time, gain nothing: there all replicas are equal. A replica without a database comes last. */
static int64_t priority(const struct consumer *consumer)
{
	if (!db_connected(consumer->txn.db))
		return -1;
	return consumer->ops->prefers_newest && consumer->config->batch_max != 1 ? consumer->group->started_us : 0;
}

static enum status consume(struct consumer *consumer)
{
	const struct broker_consume plan = {
		.queue = consumer->config->queue,
		.prefetch = consumer_prefetch(consumer),
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

/* Can the consumer take messages? Events are not taken while the database is away. */
static bool consuming(struct consumer *consumer)
{
	if (broker_ensure(consumer->broker) != OK)
		return false;
	if (broker_consuming(consumer->broker) && consumer->priority == priority(consumer))
		return true;
	if (broker_cancel(consumer->broker) != OK)
		return false;
	if (!consumer->ops->takes_requests && db_ensure(consumer->txn.db) != OK) {
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

/* An idle consumer checks whether its database is still there, so that its readiness is true. */
static void look_after_database(struct consumer *consumer, int64_t *next_us)
{
	struct rows rows;

	if (monotonic_now() < *next_us)
		return;
	*next_us = monotonic_now() + PING_US;
	(void)!db_run(consumer->txn.db, &ping, &rows); /* after an error it has dropped a dead connection */
}

/* ---- batches ---- */

static bool process(struct consumer *consumer)
{
	cache_guard_refresh(&consumer->txn);
	consumer_metrics_batch_begin(consumer);
	const bool settled = consumer->ops->process(consumer);
	consumer_metrics_batch_end(consumer, settled);
	return settled;
}

/* Waits while admission control limits new sagas. */
static void wait_for_admission(struct consumer *consumer)
{
	const int64_t since = monotonic_now();

	if (!consumer->ops->throttled || consumer->txn.service->admission.max_setting == 0)
		return;
	while (!consumer_stopping(consumer) && admission_throttled(consumer->group->admission, since))
		poll(NULL, 0, 1);
}

static void step(struct consumer *consumer, int64_t *next_ping_us)
{
	const bool consumed = broker_consuming(consumer->broker);

	arena_reset(&consumer->txn.arena);
	if (!consuming(consumer)) {
		consumer_set_ready(consumer, false);
		pause_consumer();
		return;
	}
	if (!consumed) /* the first message may come much later */
		consumer_set_ready(consumer, db_connected(consumer->txn.db));
	wait_for_admission(consumer);
	const enum status status = fetch(consumer, IDLE_US);
	if (status == E_TIMEOUT) {
		look_after_database(consumer, next_ping_us);
		consumer_set_ready(consumer, db_connected(consumer->txn.db));
		return;
	}
	if (status == OK && process(consumer) && consumer->ops->settle(consumer) == OK)
		consumer_metrics_settled(consumer);
	else
		broker_drop(consumer->broker);
	consumer_set_ready(consumer, broker_consuming(consumer->broker) && db_connected(consumer->txn.db));
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
	const struct service_settings *settings = consumer->group->settings;

	consumer->broker = broker_new(&(struct broker_config){
		.url = settings->broker_url,
		.program = consumer->txn.service->name,
		.connection_name = consumer->name,
		.heartbeat_us = settings->broker_heartbeat_us,
	});
	consumer->txn.db = db_new(&(struct db_config){
		.url = settings->database_url,
		.program = consumer->txn.service->name,
		.connection_name = consumer->name,
		.wait_us = settings->statement_timeout_us,
	});
	consumer->txn.aggregate_cache = consumer->group->aggregate_cache;
	consumer->txn.has_cache = settings->redis_url != NULL && *settings->redis_url != '\0';
	consumer->txn.cache = cache_new(&(struct cache_config){
		.url = settings->redis_url,
		.wait_us = CACHE_WAIT_US,
		.keep_us = CACHE_KEEP_US,
		.fence_us = settings->statement_timeout_us < CACHE_FENCE_US / 2 ? CACHE_FENCE_US
										: 2 * settings->statement_timeout_us,
	});
}

struct consumer *consumer_start(struct consumer_group *group, const struct consumer_config *config, int number)
{
	struct consumer *consumer = mem_new(1, sizeof(*consumer));

	consumer->group = group;
	consumer->config = config;
	consumer->ops = &consumer_ops[config->kind];
	snprintf(consumer->name, sizeof(consumer->name), "%s-%d", config->name, number);
	consumer_set_ready(consumer, false);
	txn_init(&consumer->txn, group->service, group->program_settings);
	consumer->txn.name = config->name;
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
