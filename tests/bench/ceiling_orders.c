/* The five events of a confirmed order, one per message: order.placed, user.verified, stock.reserved, order.confirmed,
 * stock.sold. They use the product's exchange, quorum queues, stream and bindings, and are persistent and confirmed.
 * A message is acknowledged once its answer is confirmed. Three threads stand for the services; each only answers. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "amqp/broker.h"
#include "tests/bench/ceiling.h"

enum { RING = 1 << 16, TOGETHER = 256, ORDERS_MAX = 4096 };

/* Size in bytes of each event of an order with one line, as the product sends it. */
enum { PLACED = 706, VERIFIED = 453, RESERVED = 740, CONFIRMED = 697, SOLD = 693 };

struct participant {
	const struct ceiling_plan *plan;
	const char *queue_prefix; /* consumes SERVICE.events */
	void (*on_event)(struct participant *participant, const struct delivery *delivery);
	struct broker *in, *out;
	enum status status;
	/* Received but not acknowledged: the delivery tag, and the sequence number of the answer (0: none).
	 */
	struct {
		uint64_t tag, sequence;
	} received[RING];
	uint64_t received_first, received_end;
	bool confirmed[RING]; /* by number */
	atomic_bool *stop;
	/* Only for the thread of orders. */
	int answers[ORDERS_MAX];
	uint64_t done;
	int in_flight;
	bool placing; /* a new order for each that ends */
};

static char filler[1024];

static uint64_t publish_event(struct participant *participant, const char *event, size_t size, const char *order)
{
	const struct publication publication = {.exchange = "events",
						.routing_key = event,
						.content_type = "application/cloudevents+json",
						.type = event,
						.message_id = "019300f1-0000-7000-8000-000000000000",
						.correlation_id = order,
						.body = {filler, size},
						.persistent = true};
	uint64_t sequence = 0;

	if (participant->status == OK)
		participant->status = broker_publish(participant->out, &publication, &sequence);
	return sequence;
}

static void record_received(struct participant *participant, const struct delivery *delivery, uint64_t sequence)
{
	const uint64_t at = participant->received_end++ % RING;

	participant->received[at].tag = delivery->tag;
	participant->received[at].sequence = sequence;
}

/* ---- the three ---- */

static void users_on_event(struct participant *participant, const struct delivery *delivery)
{
	record_received(participant, delivery,
			publish_event(participant, "user.verified", VERIFIED, delivery->correlation_id));
}

static void products_on_event(struct participant *participant, const struct delivery *delivery)
{
	const bool placed = strcmp(delivery->routing_key, "order.placed") == 0;

	record_received(participant, delivery,
			placed ? publish_event(participant, "stock.reserved", RESERVED, delivery->correlation_id)
			       : publish_event(participant, "stock.sold", SOLD, delivery->correlation_id));
}

static void orders_place(struct participant *participant, int order)
{
	char number[12];

	snprintf(number, sizeof(number), "%d", order);
	participant->answers[order] = 0;
	participant->in_flight++;
	publish_event(participant, "order.placed", PLACED, number);
}

static void orders_on_event(struct participant *participant, const struct delivery *delivery)
{
	const int order = atoi(delivery->correlation_id) % ORDERS_MAX;

	if (++participant->answers[order] < 2) {
		record_received(participant, delivery, 0);
		return;
	}
	record_received(participant, delivery,
			publish_event(participant, "order.confirmed", CONFIRMED, delivery->correlation_id));
	participant->done++;
	participant->in_flight--;
	if (participant->placing)
		orders_place(participant, order);
}

/* ---- the life of a participant ---- */

static void settle(struct participant *participant)
{
	struct confirm confirms[64];
	uint64_t tag = 0;
	size_t count;

	while ((count = broker_confirms(participant->out, confirms, 64)) > 0)
		for (size_t i = 0; i < count; i++)
			participant->confirmed[confirms[i].sequence % RING] = true;
	while (participant->received_first < participant->received_end) {
		const uint64_t at = participant->received_first % RING, sequence = participant->received[at].sequence;

		if (sequence != 0 && !participant->confirmed[sequence % RING])
			break;
		participant->confirmed[sequence % RING] = false;
		tag = participant->received[at].tag;
		participant->received_first++;
	}
	if (tag != 0 && participant->status == OK)
		participant->status = broker_ack(participant->in, tag, true);
}

static bool is_settled(const struct participant *participant)
{
	return participant->received_first == participant->received_end;
}

static void wait_for_either(struct participant *participant)
{
	struct pollfd fds[] = {{.fd = broker_fd(participant->in), .events = POLLIN},
			       {.fd = broker_fd(participant->out), .events = POLLIN}};

	if (!broker_pending(participant->in) && !broker_pending(participant->out))
		poll(fds, 2, 100);
}

static void participant_turn(struct participant *participant, struct arena *arena)
{
	struct delivery delivery;

	arena_reset(arena);
	for (int i = 0; i < TOGETHER && participant->status == OK; i++) {
		const enum status status = broker_next(participant->in, 0, arena, &delivery);

		if (status == E_TIMEOUT)
			break;
		participant->status = status;
		if (status == OK)
			participant->on_event(participant, &delivery);
	}
	if (participant->status == OK)
		participant->status = broker_tick(participant->out, 0);
	settle(participant);
	wait_for_either(participant);
}

static void participant_open(struct participant *participant, const char *service)
{
	char queue[40];
	struct broker_config config = {.url = participant->plan->url,
				       .program = "comanda-ceiling",
				       .connection_name = service,
				       .heartbeat_us = 30 * SECOND_US};

	participant->queue_prefix = service;
	snprintf(queue, sizeof(queue), "%s.events", service);
	participant->in = broker_new(&config);
	config.confirms = true;
	participant->out = broker_new(&config);
	participant->status = broker_ensure(participant->in);
	if (participant->status == OK)
		participant->status = broker_ensure(participant->out);
	if (participant->status == OK)
		participant->status =
			broker_consume(participant->in, &(struct broker_consume){.queue = queue, .prefetch = 1000});
}

static void participant_close(struct participant *participant)
{
	if (participant->status != OK)
		fprintf(stderr, "comanda-ceiling: %s: %s%s\n", participant->queue_prefix,
			broker_detail(participant->in), broker_detail(participant->out));
	broker_close(participant->in);
	broker_close(participant->out);
	broker_free(participant->in);
	broker_free(participant->out);
}

/* Ends at the stop flag, after all received messages are processed. */
static void *participant_run(void *context)
{
	struct participant *participant = context;
	struct arena arena;

	arena_init(&arena);
	while (participant->status == OK && !(atomic_load(participant->stop) && is_settled(participant)))
		participant_turn(participant, &arena);
	arena_done(&arena);
	return NULL;
}

/* Empties the queues for the next measurement. Remaining messages would count as answers to its orders, which have the
 * same numbers. */
static void finish(struct participant *participant, struct arena *arena)
{
	const int64_t until = monotonic_now() + 10 * SECOND_US;

	participant->placing = false;
	while (participant->status == OK && (participant->in_flight > 0 || !is_settled(participant)) &&
	       monotonic_now() < until)
		participant_turn(participant, arena);
}

/* Runs orders in this thread, and counts. */
static double orders_run(struct participant *participant)
{
	const struct ceiling_plan *plan = participant->plan;
	const int64_t start = monotonic_now(), end = start + plan->warm_us + plan->count_us;
	struct arena arena;
	int64_t counted = 0;
	uint64_t before = 0;

	arena_init(&arena);
	participant->placing = true;
	for (int i = 0; i < plan->in_flight && i < ORDERS_MAX; i++)
		orders_place(participant, i);
	while (participant->status == OK && monotonic_now() < end) {
		participant_turn(participant, &arena);
		if (counted == 0 && monotonic_now() >= start + plan->warm_us) {
			counted = monotonic_now();
			before = participant->done;
		}
	}
	const double per_s = (double)(participant->done - before) * 1e6 / (double)(monotonic_now() - counted);
	finish(participant, &arena);
	arena_done(&arena);
	return participant->status == OK ? per_s : -1;
}

double ceiling_orders(const struct ceiling_plan *plan)
{
	static const char *const services[] = {"users", "products", "orders"};
	static void (*const hears[])(struct participant *,
				     const struct delivery *) = {users_on_event, products_on_event, orders_on_event};
	struct participant *participants[3];
	pthread_t threads[2];
	atomic_bool stop = false;
	double per_s = -1;

	memset(filler, 'x', sizeof(filler));
	for (int i = 0; i < 3; i++) {
		participants[i] = mem_new(1, sizeof(*participants[i]));
		participants[i]->plan = plan;
		participants[i]->on_event = hears[i];
		participants[i]->stop = &stop;
		participant_open(participants[i], services[i]);
	}
	int running = 0;
	while (running < 2 && pthread_create(&threads[running], NULL, participant_run, participants[running]) == 0)
		running++;
	if (running == 2)
		per_s = orders_run(participants[2]);
	atomic_store(&stop, true);
	while (running > 0)
		pthread_join(threads[--running], NULL);
	for (int i = 0; i < 3; i++) {
		participant_close(participants[i]);
		per_s = participants[i]->status == OK ? per_s : -1;
		free(participants[i]);
	}
	return per_s;
}
