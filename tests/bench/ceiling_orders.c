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

struct stage {
	const struct ceiling_plan *plan;
	const char *queue_prefix; /* hears HOUSE.events */
	void (*hear)(struct stage *stage, const struct delivery *delivery);
	struct broker *in, *out;
	enum status status;
	/* Received but not acknowledged: the delivery tag, and the sequence number of the answer (0: none).
	 */
	struct {
		uint64_t tag, sequence;
	} heard[RING];
	uint64_t heard_first, heard_end;
	bool confirmed[RING]; /* by number */
	atomic_bool *stop;
	/* Only for the thread of orders. */
	int answers[ORDERS_MAX];
	uint64_t done;
	int under_way;
	bool placing; /* a new order for each that ends */
};

static char filler[1024];

static uint64_t say(struct stage *stage, const char *event, size_t size, const char *order)
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

	if (stage->status == OK)
		stage->status = broker_publish(stage->out, &publication, &sequence);
	return sequence;
}

static void note(struct stage *stage, const struct delivery *delivery, uint64_t sequence)
{
	const uint64_t at = stage->heard_end++ % RING;

	stage->heard[at].tag = delivery->tag;
	stage->heard[at].sequence = sequence;
}

/* ---- the three ---- */

static void users_hear(struct stage *stage, const struct delivery *delivery)
{
	note(stage, delivery, say(stage, "user.verified", VERIFIED, delivery->correlation_id));
}

static void products_hear(struct stage *stage, const struct delivery *delivery)
{
	const bool placed = strcmp(delivery->routing_key, "order.placed") == 0;

	note(stage, delivery,
	     placed ? say(stage, "stock.reserved", RESERVED, delivery->correlation_id)
		    : say(stage, "stock.sold", SOLD, delivery->correlation_id));
}

static void orders_place(struct stage *stage, int order)
{
	char number[12];

	snprintf(number, sizeof(number), "%d", order);
	stage->answers[order] = 0;
	stage->under_way++;
	say(stage, "order.placed", PLACED, number);
}

static void orders_hear(struct stage *stage, const struct delivery *delivery)
{
	const int order = atoi(delivery->correlation_id) % ORDERS_MAX;

	if (++stage->answers[order] < 2) {
		note(stage, delivery, 0);
		return;
	}
	note(stage, delivery, say(stage, "order.confirmed", CONFIRMED, delivery->correlation_id));
	stage->done++;
	stage->under_way--;
	if (stage->placing)
		orders_place(stage, order);
}

/* ---- a stage's life ---- */

static void settle(struct stage *stage)
{
	struct outcome confirms[64];
	uint64_t tag = 0;
	size_t count;

	while ((count = broker_outcomes(stage->out, confirms, 64)) > 0)
		for (size_t i = 0; i < count; i++)
			stage->confirmed[confirms[i].sequence % RING] = true;
	while (stage->heard_first < stage->heard_end) {
		const uint64_t at = stage->heard_first % RING, sequence = stage->heard[at].sequence;

		if (sequence != 0 && !stage->confirmed[sequence % RING])
			break;
		stage->confirmed[sequence % RING] = false;
		tag = stage->heard[at].tag;
		stage->heard_first++;
	}
	if (tag != 0 && stage->status == OK)
		stage->status = broker_ack(stage->in, tag, true);
}

static bool is_settled(const struct stage *stage)
{
	return stage->heard_first == stage->heard_end;
}

static void wait_for_either(struct stage *stage)
{
	struct pollfd fds[] = {{.fd = broker_fd(stage->in), .events = POLLIN},
			       {.fd = broker_fd(stage->out), .events = POLLIN}};

	if (!broker_pending(stage->in) && !broker_pending(stage->out))
		poll(fds, 2, 100);
}

static void stage_turn(struct stage *stage, struct arena *arena)
{
	struct delivery delivery;

	arena_reset(arena);
	for (int i = 0; i < TOGETHER && stage->status == OK; i++) {
		const enum status status = broker_next(stage->in, 0, arena, &delivery);

		if (status == E_TIMEOUT)
			break;
		stage->status = status;
		if (status == OK)
			stage->hear(stage, &delivery);
	}
	if (stage->status == OK)
		stage->status = broker_tick(stage->out, 0);
	settle(stage);
	wait_for_either(stage);
}

static void stage_open(struct stage *stage, const char *house)
{
	char queue[40];
	struct broker_config config = {.url = stage->plan->url,
				       .program = "comanda-ceiling",
				       .connection_name = house,
				       .heartbeat_us = 30 * SECOND_US};

	stage->queue_prefix = house;
	snprintf(queue, sizeof(queue), "%s.events", house);
	stage->in = broker_new(&config);
	config.confirms = true;
	stage->out = broker_new(&config);
	stage->status = broker_ensure(stage->in);
	if (stage->status == OK)
		stage->status = broker_ensure(stage->out);
	if (stage->status == OK)
		stage->status = broker_consume(stage->in, &(struct broker_consume){.queue = queue, .prefetch = 1000});
}

static void stage_close(struct stage *stage)
{
	if (stage->status != OK)
		fprintf(stderr, "comanda-ceiling: %s: %s%s\n", stage->queue_prefix, broker_detail(stage->in),
			broker_detail(stage->out));
	broker_close(stage->in);
	broker_close(stage->out);
	broker_free(stage->in);
	broker_free(stage->out);
}

/* Ends at the stop flag, after all received messages are processed. */
static void *stage_run(void *context)
{
	struct stage *stage = context;
	struct arena arena;

	arena_init(&arena);
	while (stage->status == OK && !(atomic_load(stage->stop) && is_settled(stage)))
		stage_turn(stage, &arena);
	arena_done(&arena);
	return NULL;
}

/* Empties the queues for the next measurement. Remaining messages would count as answers to its orders, which have the
 * same numbers. */
static void finish(struct stage *stage, struct arena *arena)
{
	const int64_t until = monotonic_now() + 10 * SECOND_US;

	stage->placing = false;
	while (stage->status == OK && (stage->under_way > 0 || !is_settled(stage)) && monotonic_now() < until)
		stage_turn(stage, arena);
}

/* Runs orders in this thread, and counts. */
static double orders_run(struct stage *stage)
{
	const struct ceiling_plan *plan = stage->plan;
	const int64_t start = monotonic_now(), end = start + plan->warm_us + plan->count_us;
	struct arena arena;
	int64_t counted = 0;
	uint64_t before = 0;

	arena_init(&arena);
	stage->placing = true;
	for (int i = 0; i < plan->in_flight && i < ORDERS_MAX; i++)
		orders_place(stage, i);
	while (stage->status == OK && monotonic_now() < end) {
		stage_turn(stage, &arena);
		if (counted == 0 && monotonic_now() >= start + plan->warm_us) {
			counted = monotonic_now();
			before = stage->done;
		}
	}
	const double per_s = (double)(stage->done - before) * 1e6 / (double)(monotonic_now() - counted);
	finish(stage, &arena);
	arena_done(&arena);
	return stage->status == OK ? per_s : -1;
}

double ceiling_orders(const struct ceiling_plan *plan)
{
	static const char *const houses[] = {"users", "products", "orders"};
	static void (*const hears[])(struct stage *, const struct delivery *) = {users_hear, products_hear,
										 orders_hear};
	struct stage *stages[3];
	pthread_t threads[2];
	atomic_bool stop = false;
	double per_s = -1;

	memset(filler, 'x', sizeof(filler));
	for (int i = 0; i < 3; i++) {
		stages[i] = mem_new(1, sizeof(*stages[i]));
		stages[i]->plan = plan;
		stages[i]->hear = hears[i];
		stages[i]->stop = &stop;
		stage_open(stages[i], houses[i]);
	}
	int running = 0;
	while (running < 2 && pthread_create(&threads[running], NULL, stage_run, stages[running]) == 0)
		running++;
	if (running == 2)
		per_s = orders_run(stages[2]);
	atomic_store(&stop, true);
	while (running > 0)
		pthread_join(threads[--running], NULL);
	for (int i = 0; i < 3; i++) {
		stage_close(stages[i]);
		per_s = stages[i]->status == OK ? per_s : -1;
		free(stages[i]);
	}
	return per_s;
}
