/* RPC with direct reply-to, one message per request: a client and a server, each with its own connection and thread.
 * Like the product: classic queue, transient messages, replies in order of arrival, one acknowledgement per batch.
 * Unlike the product, requests are neither mandatory nor confirmed. With one message per request that would cost a
 * third of the broker's rate, and a ceiling should be as high as possible. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "amqp/broker.h"
#include "tests/bench/ceiling.h"

#define QUEUE "products.query"

/* Size in bytes of products.get and its reply, as the product sends them. */
enum { REQUEST_SIZE = 201, REPLY_SIZE = 480, TOGETHER = 200 };

struct server_side {
	const struct ceiling_plan *plan;
	atomic_bool stop, ready, failed;
};

static char filler[1024];

static struct broker *connect_broker(const char *url, const char *queue, bool confirms)
{
	return broker_new(&(struct broker_config){.url = url,
						  .program = "comanda-ceiling",
						  .connection_name = queue,
						  .heartbeat_us = 30 * SECOND_US,
						  .confirms = confirms});
}

static enum status answer_together(struct broker *broker, struct arena *arena)
{
	struct delivery delivery;
	uint64_t last = 0;

	enum status status = broker_next(broker, 100 * MS_US, arena, &delivery);
	for (int i = 0; status == OK; i++) {
		const struct publication reply = {.exchange = "",
						  .routing_key = delivery.reply_to,
						  .content_type = "application/json",
						  .body = {filler, REPLY_SIZE}};
		last = delivery.tag;
		status = broker_publish(broker, &reply, NULL);
		if (status == OK)
			status = i < TOGETHER ? broker_next(broker, 0, arena, &delivery) : E_TIMEOUT;
	}
	if (last != 0 && status == E_TIMEOUT)
		return broker_ack(broker, last, true);
	return status == E_TIMEOUT ? OK : status;
}

static void *answer_all(void *context)
{
	struct server_side *server_side = context;
	struct broker *broker = connect_broker(server_side->plan->url, "answers", false);
	struct arena arena;

	arena_init(&arena);
	enum status status = broker_ensure(broker);
	if (status == OK)
		status = broker_consume(broker, &(struct broker_consume){.queue = QUEUE, .prefetch = 1000});
	atomic_store(&server_side->ready, true);
	while (status == OK && !atomic_load(&server_side->stop)) {
		arena_reset(&arena);
		status = answer_together(broker, &arena);
	}
	if (status != OK) {
		fprintf(stderr, "comanda-ceiling: answers: %s\n", broker_detail(broker));
		atomic_store(&server_side->failed, true);
	}
	broker_close(broker);
	broker_free(broker);
	arena_done(&arena);
	return NULL;
}

static enum status ask(struct broker *broker)
{
	const struct publication request = {.exchange = "rpc",
					    .routing_key = QUEUE,
					    .content_type = "application/json",
					    .type = "products.get",
					    .message_id = "019300f1-0000-7000-8000-000000000000",
					    .correlation_id = "019300f1-0000-7000-8000-000000000000",
					    .reply_to = "amq.rabbitmq.reply-to",
					    .body = {filler, REQUEST_SIZE},
					    .expiration_us = 10 * SECOND_US};
	return broker_publish(broker, &request, NULL);
}

/* Each reply allows the next request. */
static enum status ask_on(struct broker *broker, struct arena *arena, uint64_t *answered)
{
	struct delivery delivery;
	int got = 0;

	arena_reset(arena);
	enum status status = broker_next(broker, SECOND_US, arena, &delivery);
	for (; status == OK && got < TOGETHER; got++)
		status = broker_next(broker, 0, arena, &delivery);
	*answered += (uint64_t)got;
	if (got == 0)
		return E_UNAVAILABLE;
	status = status == E_TIMEOUT ? OK : status;
	for (; got > 0 && status == OK; got--)
		status = ask(broker);
	return status;
}

static double ask_all(struct broker *broker, const struct ceiling_plan *plan, const struct server_side *server_side)
{
	static const struct broker_consume replies = {.queue = "amq.rabbitmq.reply-to", .no_ack = true};
	struct arena arena;
	uint64_t answered = 0, before = 0;
	int64_t counted = 0;
	const int64_t start = monotonic_now();

	arena_init(&arena);
	enum status status = broker_ensure(broker);
	if (status == OK)
		status = broker_consume(broker, &replies);
	for (int i = 0; i < plan->in_flight && status == OK; i++)
		status = ask(broker);
	while (status == OK && !atomic_load(&server_side->failed) &&
	       monotonic_now() < start + plan->warm_us + plan->count_us) {
		status = ask_on(broker, &arena, &answered);
		if (counted == 0 && monotonic_now() >= start + plan->warm_us) {
			counted = monotonic_now();
			before = answered;
		}
	}
	arena_done(&arena);
	if (status != OK || counted == 0) {
		fprintf(stderr, "comanda-ceiling: requests: %s\n", broker_detail(broker));
		return -1;
	}
	return (double)(answered - before) * 1e6 / (double)(monotonic_now() - counted);
}

double ceiling_rpc(const struct ceiling_plan *plan)
{
	struct server_side server_side = {.plan = plan};
	struct broker *broker = connect_broker(plan->url, "requests", false);
	pthread_t thread;

	memset(filler, 'x', sizeof(filler));
	if (pthread_create(&thread, NULL, answer_all, &server_side) != 0)
		return -1;
	while (!atomic_load(&server_side.ready))
		;
	const double per_s = ask_all(broker, plan, &server_side);
	atomic_store(&server_side.stop, true);
	pthread_join(thread, NULL);
	broker_close(broker);
	broker_free(broker);
	return per_s;
}
