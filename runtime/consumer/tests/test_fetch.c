/* Gathering: who waits for company, and what ends it. The broker is a list of deliveries with pauses between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "consumer/consumer.h"
#include "consumer/event_join.h"
#include "telemetry/log.h"

enum { PATIENT, HURRIED, RESTLESS, TYPES, UNREADABLE, EMPTY /* a batch of no events */ };

static const struct message_type types[TYPES] = {
	[PATIENT] = {.name = "test.patient", .kind = EVENT, .version = 1, .producer = "svc-test"},
	[HURRIED] = {.name = "test.hurried", .kind = EVENT, .version = 1, .producer = "svc-test"},
	[RESTLESS] = {.name = "test.restless", .kind = EVENT, .version = 1, .producer = "svc-test"},
};
static const struct contract contract = {.types = types, .count = TYPES};
static const struct service service = {.name = "svc-test", .contract = &contract};

/* ---- the broker ---- */

struct coming {
	int64_t after_us; /* the one before it */
	int type;
};

static const struct coming *coming; /* what is still to come */
static size_t coming_count;
static int64_t waited_us; /* for the first of them, so far */

static void pause_for(int64_t pause_us)
{
	const struct timespec pause = {pause_us / SECOND_US, (long)(pause_us % SECOND_US) * 1000};

	assert_int_equal(nanosleep(&pause, NULL), 0);
}

const char *broker_user(const struct broker *broker)
{
	(void)broker;
	return "svc-test";
}

static unsigned channel = 1;
static char acknowledged[256]; /* "3 4 7* ": tags, with a star those that cover all before them */

unsigned broker_channel(const struct broker *broker)
{
	(void)broker;
	return channel;
}

enum status broker_ack(struct broker *broker, uint64_t tag, bool multiple)
{
	const size_t used = strlen(acknowledged);

	(void)broker;
	snprintf(acknowledged + used, sizeof(acknowledged) - used, "%d%s ", (int)tag, multiple ? "*" : "");
	return OK;
}

/* An event. */
static const char *told(struct arena *arena, int type, unsigned subject)
{
	static unsigned number;

	return arena_format(arena,
			    "{\"specversion\":\"1.0\",\"id\":\"019300f1-0000-7000-8000-%012x\","
			    "\"type\":\"comanda.%s.v1\",\"source\":\"/svc-test\",\"subject\":"
			    "\"019300f1-0000-7000-8000-%012x\",\"time\":\"2026-11-26T02:00:00Z\","
			    "\"sequence\":1,\"data\":{}}",
			    ++number, types[type].name, subject);
}

/* Messages of many events, which are there at once. */
struct letter {
	uint64_t tag;
	int type;
	unsigned first, count; /* subjects */
	int redeliveries;
};
static const struct letter *letters;
static size_t letter_count;

static struct delivery deliver_letter(struct arena *arena)
{
	const struct letter *letter = letters++;
	struct buffer body;

	letter_count--;
	buffer_init(&body);
	buffer_text(&body, "[");
	for (unsigned i = 0; i < letter->count; i++)
		buffer_format(&body, "%s%s", i == 0 ? "" : ",", told(arena, letter->type, letter->first + i));
	buffer_text(&body, "]");
	const char *text = arena_text(arena, body.bytes);
	buffer_done(&body);
	return (struct delivery){.exchange = "events",
				 .user_id = "svc-test",
				 .tag = letter->tag,
				 .delivery_count = letter->redeliveries,
				 .body = span_of(text)};
}

enum status broker_next(struct broker *broker, int64_t wait_us, struct arena *arena, struct delivery *ret_delivery)
{
	(void)broker;
	if (letter_count > 0) {
		*ret_delivery = deliver_letter(arena);
		return OK;
	}
	if (coming_count == 0 || coming->after_us - waited_us > wait_us) {
		pause_for(wait_us);
		waited_us += wait_us;
		return E_TIMEOUT;
	}
	pause_for(coming->after_us - waited_us);
	waited_us = 0;
	const char *body = coming->type == UNREADABLE ? "this is no event"
			   : coming->type == EMPTY    ? "[]"
						      : told(arena, coming->type, 0);
	*ret_delivery = (struct delivery){.exchange = "events", .user_id = "svc-test", .body = span_of(body)};
	coming++;
	coming_count--;
	return OK;
}

/* ---- the consumer ---- */

static enum status nothing(struct unit *unit, const struct message *message)
{
	(void)unit, (void)message;
	return OK;
}

enum { PREFETCH = 32 };
static const struct consumer_ops ops = {.joins_events = true, .prefetch = PREFETCH, .prefetch_joined = 64};

static const struct handler handlers[] = {
	{.type = PATIENT, .decide = nothing},
	{.type = RESTLESS, .decide = nothing},
	{.type = HURRIED, .decide = nothing},
	{0},
};
static const struct consumer_config plan = {.name = "events", .kind = CONSUMER_EVENTS, .handlers = handlers};

/* How many of what comes one turn works on. */
static size_t fetched(const struct coming *list, size_t count)
{
	struct consumer consumer = {.config = &plan, .ops = &ops, .txn.service = &service};

	coming = list;
	coming_count = count;
	waited_us = 0;
	arena_init(&consumer.txn.arena);
	buffer_init(&consumer.txn.scratch);
	assert_int_equal(fetch(&consumer, SECOND_US), OK);
	for (size_t i = 0; i < consumer.batch.count; i++)
		assert_int_equal(consumer.batch.items[i].query.status, list[i].type == UNREADABLE ? E_MALFORMED : OK);
	const size_t found = consumer.batch.count;
	free(consumer.batch.items);
	free(consumer.batch.deliveries);
	buffer_done(&consumer.txn.scratch);
	arena_done(&consumer.txn.arena);
	arena_done(&consumer.trees);
	return found;
}

#define GATHERED(...)                                                                                                  \
	fetched((const struct coming[]){__VA_ARGS__},                                                                  \
		sizeof((const struct coming[]){__VA_ARGS__}) / sizeof(struct coming))

static void one_that_cannot_wait_goes_alone(void **state)
{
	(void)state;
	assert_int_equal(GATHERED({0, HURRIED}, {MS_US, HURRIED}), 1);
}

static void what_has_come_goes_together(void **state)
{
	(void)state;
	assert_int_equal(GATHERED({0, HURRIED}, {0, PATIENT}, {0, HURRIED}, {MS_US, HURRIED}), 3);
}

static void what_is_no_event_waits_for_nobody(void **state)
{
	(void)state;
	assert_int_equal(GATHERED({0, UNREADABLE}, {MS_US, HURRIED}), 1);
	assert_int_equal(GATHERED({0, PATIENT}, {0, UNREADABLE}, {MS_US, HURRIED}), 2);
	assert_int_equal(GATHERED({0, EMPTY}, {MS_US, HURRIED}), 0);
}

/* ---- pairs ---- */

enum { CROWD = 100 /* so many at once are a load */ };

static const struct handler halves[] = {
	{.type = PATIENT, .decide = nothing, .join = true},
	{.type = RESTLESS, .decide = nothing, .join = true},
	{.type = HURRIED, .decide = nothing},
	{0},
};
static const struct consumer_config pairing = {
	.name = "events", .kind = CONSUMER_EVENTS, .handlers = halves, .join_timeout_us = MINUTE_US, .batch_max = 1000};

static struct consumer *pairing_consumer(void)
{
	struct consumer *consumer = mem_new(1, sizeof(*consumer));

	consumer->txn.service = &service;
	consumer->ops = &ops;
	consumer->config = &pairing;
	arena_init(&consumer->txn.arena);
	arena_init(&consumer->trees);
	buffer_init(&consumer->txn.scratch);
	channel = 1;
	letter_count = coming_count = 0;
	acknowledged[0] = '\0';
	return consumer;
}

static void pairing_consumer_free(struct consumer *consumer)
{
	event_join_done(consumer);
	free(consumer->batch.items);
	free(consumer->batch.deliveries);
	buffer_done(&consumer->txn.scratch);
	arena_done(&consumer->txn.arena);
	arena_done(&consumer->trees);
	free(consumer);
}

/* What a turn would work on: "2p 100r" are two of PATIENT, then a hundred of RESTLESS. Then it is acknowledged. */
static const char *turn_of(struct consumer *consumer, const struct letter *list, size_t count)
{
	static char said[64];
	size_t number[TYPES] = {0};

	letters = list;
	letter_count = count;
	arena_reset(&consumer->txn.arena);
	acknowledged[0] = '\0';
	if (fetch(consumer, MS_US) != OK)
		return "nothing";
	for (size_t i = 0; i < consumer->batch.count; i++) {
		const struct item *item = &consumer->batch.items[i];

		assert_int_equal(item->query.status, OK);
		assert_int_equal(consumer->batch.deliveries[item->delivery].tag,
				 consumer->join.held_deliveries[item->delivery]->delivery.tag);
		number[item->query.message.type]++;
	}
	assert_int_equal(event_join_ack(consumer), OK);
	snprintf(said, sizeof(said), "%zup %zur %zuh", number[PATIENT], number[RESTLESS], number[HURRIED]);
	return said;
}

#define TURN(consumer, ...)                                                                                            \
	turn_of(consumer, (const struct letter[]){__VA_ARGS__},                                                        \
		sizeof((const struct letter[]){__VA_ARGS__}) / sizeof(struct letter))
#define QUIET(consumer) turn_of(consumer, NULL, 0)

static void a_crowd_without_the_other_halves_waits(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 0}), "nothing");
	assert_string_equal(acknowledged, "");
	assert_string_equal(TURN(consumer, {2, RESTLESS, 0, CROWD, 0}), "100p 100r 0h");
	assert_string_equal(acknowledged, "2* ");
	pairing_consumer_free(consumer);
}

static void those_that_have_met_go_and_the_rest_waits(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 0}), "nothing");
	assert_string_equal(TURN(consumer, {2, RESTLESS, 0, 60, 0}), "60p 60r 0h");
	assert_string_equal(acknowledged, "2 "); /* of the first, forty wait */
	assert_string_equal(TURN(consumer, {3, RESTLESS, 60, 40, 0}, {4, PATIENT, CROWD, CROWD, 0}), "40p 40r 0h");
	assert_string_equal(acknowledged, "1 3 ");
	assert_string_equal(TURN(consumer, {5, RESTLESS, CROWD, CROWD, 0}), "100p 100r 0h");
	assert_string_equal(acknowledged, "5* ");
	pairing_consumer_free(consumer);
}

static void of_two_messages_a_part_has_met(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 0}, {2, RESTLESS, 60, CROWD, 0}), "40p 40r 0h");
	assert_string_equal(acknowledged, "");
	assert_string_equal(TURN(consumer, {3, PATIENT, CROWD, 60, 0}, {4, RESTLESS, 0, 60, 0}), "120p 120r 0h");
	assert_string_equal(acknowledged, "4* ");
	pairing_consumer_free(consumer);
}

static void nobody_waits_for_long(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 0}), "nothing");
	consumer->join.held_deliveries[0]->until_us = monotonic_now();
	assert_string_equal(QUIET(consumer), "100p 0r 0h");
	assert_string_equal(acknowledged, "1* ");
	pairing_consumer_free(consumer);
}

static void what_is_no_half_goes_at_once(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 0}, {2, HURRIED, 0, 1, 0}), "0p 0r 1h");
	assert_string_equal(acknowledged, "2 ");
	pairing_consumer_free(consumer);
}

static void a_few_do_not_wait(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, 5, 0}), "5p 0r 0h");
	assert_string_equal(acknowledged, "1* ");
	pairing_consumer_free(consumer);
}

static void when_few_are_left_nobody_waits(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 0}), "nothing");
	assert_string_equal(TURN(consumer, {2, RESTLESS, 0, 60, 0}), "60p 60r 0h");
	assert_string_equal(TURN(consumer, {3, RESTLESS, 200, 1, 0}), "40p 1r 0h");
	assert_string_equal(acknowledged, "3* ");
	pairing_consumer_free(consumer);
}

static void what_waited_on_a_lost_channel_is_forgotten(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 0}), "nothing");
	channel = 2;
	assert_string_equal(TURN(consumer, {1, RESTLESS, 0, 60, 0}), "0p 60r 0h");
	assert_string_equal(acknowledged, "1* ");
	pairing_consumer_free(consumer);
}

static void a_message_of_no_events_is_acknowledged(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 0}, {2, EMPTY, 0, 0, 0}), "0p 0r 0h");
	assert_string_equal(acknowledged, "2 ");
	pairing_consumer_free(consumer);
}

static void one_that_was_delivered_again_and_again_does_not_wait(void **state)
{
	struct consumer *consumer = pairing_consumer();

	(void)state;
	assert_string_equal(TURN(consumer, {1, PATIENT, 0, CROWD, 2}), "100p 0r 0h");
	pairing_consumer_free(consumer);
}

static void nothing_waits_for_more_than_a_consumer_may_have(void **state)
{
	struct coming all[64];

	(void)state;
	for (size_t i = 0; i < 64; i++)
		all[i] = (struct coming){0, PATIENT};
	assert_int_equal(fetched(all, 64), PREFETCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_cannot_wait_goes_alone),
		cmocka_unit_test(what_has_come_goes_together),
		cmocka_unit_test(what_is_no_event_waits_for_nobody),
		cmocka_unit_test(a_crowd_without_the_other_halves_waits),
		cmocka_unit_test(those_that_have_met_go_and_the_rest_waits),
		cmocka_unit_test(of_two_messages_a_part_has_met),
		cmocka_unit_test(nobody_waits_for_long),
		cmocka_unit_test(what_is_no_half_goes_at_once),
		cmocka_unit_test(a_few_do_not_wait),
		cmocka_unit_test(when_few_are_left_nobody_waits),
		cmocka_unit_test(what_waited_on_a_lost_channel_is_forgotten),
		cmocka_unit_test(a_message_of_no_events_is_acknowledged),
		cmocka_unit_test(one_that_was_delivered_again_and_again_does_not_wait),
		cmocka_unit_test(nothing_waits_for_more_than_a_consumer_may_have),
	};

	json_init();
	log_init("fetch-test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
