/* What differs by kind of consumer. */
#include "consumer/consumer.h"

#include <poll.h>

#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define RETRY_US (100 * MS_US)
#define PAUSE_MS 20

/* Deliveries that a consumer may hold without acknowledgement. One delivery carries many messages under load.
 * - Events: about two batches; with an event join, also the deliveries that it holds. RabbitMQ gives the rest to other
 *   replicas.
 * - Commands: the deliveries that one edge has in flight (COMANDA_RPC_WINDOW), and one more.
 * - Queries: the deliveries of a few edges, because replicas share the queries.
 * More would only delay requests if this process stops: nobody answers a request that it holds. */
enum { PREFETCH_QUERIES = 16, PREFETCH_COMMANDS = 4, PREFETCH_EVENTS = 32, PREFETCH_JOINED_EVENTS = 64 };

/* ---- requests ---- */

static void fail_rest(struct consumer *consumer, enum status status)
{
	for (size_t i = 0; i < consumer->batch.count; i++)
		if (!consumer->batch.items[i].done)
			item_fail(&consumer->txn.arena, &consumer->batch.items[i], status);
}

/* Above the hard limit, requests that begin a saga are refused. Requests that end one are not. */
static void refuse_above_limit(struct consumer *consumer)
{
	if (!outbox_relay_at_capacity(consumer->group->relay))
		return;
	for (size_t i = 0; i < consumer->batch.count; i++) {
		struct item *item = &consumer->batch.items[i];

		if (item->query.status == OK && item->query.message.type == consumer->txn.service->admission.type)
			item_fail(&consumer->txn.arena, item, E_BUSY);
	}
}

static bool process_queries(struct consumer *consumer)
{
	query_batch(consumer);
	return true;
}

static bool process_commands(struct consumer *consumer)
{
	const struct consumer_group *group = consumer->group;

	if (outbox_relay_backlog_age(group->relay) > group->settings->outbox_age_max_us) {
		fail_rest(consumer, E_BUSY); /* their events would be sent much later */
		return true;
	}
	refuse_above_limit(consumer);
	if (write_batch(consumer) != OK)
		fail_rest(consumer, E_UNAVAILABLE);
	return true;
}

/* ---- events ---- */

static struct metric stalls = {
	.name = "comanda_consumer_stalls_total",
	.help = "Batches that stalled: the consumer keeps such a batch until it can be committed",
	.type = COUNTER,
	.label = "consumer"};

/* Waits until a stalled batch can be tried again. The database is away, or the broker does not take the outputs. The
 * consumer cancels its subscription, keeps the batch, and keeps its AMQP connection alive. False: that connection is
 * gone too, so the broker delivers the batch again; or the program ends. */
static bool wait_stalled(struct consumer *consumer)
{
	const int64_t end = monotonic_now() + RETRY_US;

	consumer_set_ready(consumer, false);
	if (broker_consuming(consumer->broker) && broker_cancel(consumer->broker) != OK)
		return false;
	while (!consumer_stopping(consumer)) {
		if (broker_tick(consumer->broker, 0) != OK)
			return false;
		if (monotonic_now() >= end && db_ensure(consumer->txn.db) == OK)
			return true;
		poll(NULL, 0, PAUSE_MS);
	}
	return false;
}

typedef enum status batch_function(struct consumer *consumer);

static bool process_until_done(struct consumer *consumer, batch_function *process)
{
	enum status status = process(consumer);

	if (status == OK)
		return true;
	metric_add(&stalls, consumer->config->name, 1);
	log_warn("consumer.stalled", kv_int("items", consumer->batch.count),
		 kv_text("status", status_rule(status)->code), kv_text("detail", db_detail(consumer->txn.db)));
	while (status != OK) {
		if (!wait_stalled(consumer))
			return false;
		status = process(consumer);
	}
	log_info("consumer.resumed");
	return true;
}

static bool process_events(struct consumer *consumer)
{
	return process_until_done(consumer, write_batch);
}

static bool process_stateless(struct consumer *consumer)
{
	return process_until_done(consumer, stateless_batch);
}

/* ---- the table ---- */

const struct consumer_ops consumer_ops[] = {
	[CONSUMER_QUERY] = {.process = process_queries,
			    .settle = settle_requests,
			    .takes_requests = true,
			    .prefetch = PREFETCH_QUERIES},
	[CONSUMER_COMMAND] = {.process = process_commands,
			      .settle = settle_requests,
			      .takes_requests = true,
			      .records = true,
			      .locks = true,
			      .throttled = true,
			      .prefers_newest = true,
			      .prefetch = PREFETCH_COMMANDS},
	[CONSUMER_EVENTS] = {.process = process_events,
			     .settle = settle_events,
			     .joins_events = true,
			     .prefers_newest = true,
			     .prefetch = PREFETCH_EVENTS,
			     .prefetch_joined = PREFETCH_JOINED_EVENTS},
	[CONSUMER_STATELESS] = {.process = process_stateless,
				.settle = settle_events,
				.joins_events = true,
				.prefers_newest = true,
				.prefetch = PREFETCH_EVENTS,
				.prefetch_joined = PREFETCH_JOINED_EVENTS},
};
