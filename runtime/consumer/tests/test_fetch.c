/* Fetching and the event join. The broker is a list of deliveries with pauses between them. */
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

enum { FIRST, LONE, SECOND, TYPES, UNREADABLE, EMPTY /* a batch of no events */ };

static const struct message_type types[TYPES] = {
	[FIRST] = {.name = "test.first", .kind = EVENT, .version = 1, .producer = "svc-test"},
	[LONE] = {.name = "test.lone", .kind = EVENT, .version = 1, .producer = "svc-test"},
	[SECOND] = {.name = "test.second", .kind = EVENT, .version = 1, .producer = "svc-test"},
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
static const char *event_text(struct arena *arena, int type, unsigned subject)
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
struct arriving {
	uint64_t tag;
	int type;
	unsigned first, count; /* subjects */
	int redeliveries;
};
static const struct arriving *arrivals;
static size_t arrival_count;

static struct delivery deliver_arrival(struct arena *arena)
{
	const struct arriving *arrival = arrivals++;
	struct buffer body;

	arrival_count--;
	buffer_init(&body);
	buffer_text(&body, "[");
	for (unsigned i = 0; i < arrival->count; i++)
		buffer_format(&body, "%s%s", i == 0 ? "" : ",", event_text(arena, arrival->type, arrival->first + i));
	buffer_text(&body, "]");
	const char *text = arena_text(arena, body.bytes);
	buffer_done(&body);
	return (struct delivery){.exchange = "events",
				 .user_id = "svc-test",
				 .tag = arrival->tag,
				 .delivery_count = arrival->redeliveries,
				 .body = span_of(text)};
}

enum status broker_next(struct broker *broker, int64_t wait_us, struct arena *arena, struct delivery *ret_delivery)
{
	(void)broker;
	if (arrival_count > 0) {
		*ret_delivery = deliver_arrival(arena);
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
						      : event_text(arena, coming->type, 0);
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
	{.type = FIRST, .decide = nothing},
	{.type = SECOND, .decide = nothing},
	{.type = LONE, .decide = nothing},
	{0},
};
static const struct consumer_config plan = {.name = "events", .kind = CONSUMER_EVENTS, .handlers = handlers};

/* How many of the coming messages are one batch. */
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

#define FETCHED(...)                                                                                                   \
	fetched((const struct coming[]){__VA_ARGS__},                                                                  \
		sizeof((const struct coming[]){__VA_ARGS__}) / sizeof(struct coming))

static void a_lone_message_does_not_wait(void **state)
{
	(void)state;
	assert_int_equal(FETCHED({0, LONE}, {MS_US, LONE}), 1);
}

static void messages_that_are_there_are_one_batch(void **state)
{
	(void)state;
	assert_int_equal(FETCHED({0, LONE}, {0, FIRST}, {0, LONE}, {MS_US, LONE}), 3);
}

static void an_unreadable_message_does_not_wait(void **state)
{
	(void)state;
	assert_int_equal(FETCHED({0, UNREADABLE}, {MS_US, LONE}), 1);
	assert_int_equal(FETCHED({0, FIRST}, {0, UNREADABLE}, {MS_US, LONE}), 2);
	assert_int_equal(FETCHED({0, EMPTY}, {MS_US, LONE}), 0);
}

/* ---- the event join ---- */

enum { MANY = 100 /* so many at once come only under load */ };

static const struct handler joined_handlers[] = {
	{.type = FIRST, .decide = nothing, .join = true},
	{.type = SECOND, .decide = nothing, .join = true},
	{.type = LONE, .decide = nothing},
	{0},
};
static const struct consumer_config joining = {.name = "events",
					       .kind = CONSUMER_EVENTS,
					       .handlers = joined_handlers,
					       .join_timeout_us = MINUTE_US,
					       .batch_max = 1000};

static struct consumer *joining_consumer(void)
{
	struct consumer *consumer = mem_new(1, sizeof(*consumer));

	consumer->txn.service = &service;
	consumer->ops = &ops;
	consumer->config = &joining;
	arena_init(&consumer->txn.arena);
	arena_init(&consumer->trees);
	buffer_init(&consumer->txn.scratch);
	channel = 1;
	arrival_count = coming_count = 0;
	acknowledged[0] = '\0';
	return consumer;
}

static void joining_consumer_free(struct consumer *consumer)
{
	event_join_done(consumer);
	free(consumer->batch.items);
	free(consumer->batch.deliveries);
	buffer_done(&consumer->txn.scratch);
	arena_done(&consumer->txn.arena);
	arena_done(&consumer->trees);
	free(consumer);
}

/* What the next batch holds: "2f 100s 1l" are two of FIRST, a hundred of SECOND and one of LONE. Then it is settled. */
static const char *batch_of(struct consumer *consumer, const struct arriving *list, size_t count)
{
	static char found[64];
	size_t number[TYPES] = {0};

	arrivals = list;
	arrival_count = count;
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
	snprintf(found, sizeof(found), "%zuf %zus %zul", number[FIRST], number[SECOND], number[LONE]);
	return found;
}

#define BATCH(consumer, ...)                                                                                           \
	batch_of(consumer, (const struct arriving[]){__VA_ARGS__},                                                     \
		 sizeof((const struct arriving[]){__VA_ARGS__}) / sizeof(struct arriving))
#define QUIET(consumer) batch_of(consumer, NULL, 0)

static void under_load_events_wait_for_the_other_one(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 0}), "nothing");
	assert_string_equal(acknowledged, "");
	assert_string_equal(BATCH(consumer, {2, SECOND, 0, MANY, 0}), "100f 100s 0l");
	assert_string_equal(acknowledged, "2* ");
	joining_consumer_free(consumer);
}

static void joined_events_are_decided_and_the_others_wait(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 0}), "nothing");
	assert_string_equal(BATCH(consumer, {2, SECOND, 0, 60, 0}), "60f 60s 0l");
	assert_string_equal(acknowledged, "2 "); /* of the first, forty wait */
	assert_string_equal(BATCH(consumer, {3, SECOND, 60, 40, 0}, {4, FIRST, MANY, MANY, 0}), "40f 40s 0l");
	assert_string_equal(acknowledged, "1 3 ");
	assert_string_equal(BATCH(consumer, {5, SECOND, MANY, MANY, 0}), "100f 100s 0l");
	assert_string_equal(acknowledged, "5* ");
	joining_consumer_free(consumer);
}

static void parts_of_two_messages_are_joined(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 0}, {2, SECOND, 60, MANY, 0}), "40f 40s 0l");
	assert_string_equal(acknowledged, "");
	assert_string_equal(BATCH(consumer, {3, FIRST, MANY, 60, 0}, {4, SECOND, 0, 60, 0}), "120f 120s 0l");
	assert_string_equal(acknowledged, "4* ");
	joining_consumer_free(consumer);
}

static void no_event_waits_longer_than_the_join_timeout(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 0}), "nothing");
	consumer->join.held_deliveries[0]->until_us = monotonic_now();
	assert_string_equal(QUIET(consumer), "100f 0s 0l");
	assert_string_equal(acknowledged, "1* ");
	joining_consumer_free(consumer);
}

static void an_event_without_join_is_decided_at_once(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 0}, {2, LONE, 0, 1, 0}), "0f 0s 1l");
	assert_string_equal(acknowledged, "2 ");
	joining_consumer_free(consumer);
}

static void a_few_events_do_not_wait(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, 5, 0}), "5f 0s 0l");
	assert_string_equal(acknowledged, "1* ");
	joining_consumer_free(consumer);
}

static void when_few_events_are_left_none_waits(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 0}), "nothing");
	assert_string_equal(BATCH(consumer, {2, SECOND, 0, 60, 0}), "60f 60s 0l");
	assert_string_equal(BATCH(consumer, {3, SECOND, 200, 1, 0}), "40f 1s 0l");
	assert_string_equal(acknowledged, "3* ");
	joining_consumer_free(consumer);
}

static void events_of_a_lost_channel_are_dropped(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 0}), "nothing");
	channel = 2;
	assert_string_equal(BATCH(consumer, {1, SECOND, 0, 60, 0}), "0f 60s 0l");
	assert_string_equal(acknowledged, "1* ");
	joining_consumer_free(consumer);
}

static void a_message_of_no_events_is_acknowledged(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 0}, {2, EMPTY, 0, 0, 0}), "0f 0s 0l");
	assert_string_equal(acknowledged, "2 ");
	joining_consumer_free(consumer);
}

static void an_event_that_was_redelivered_often_does_not_wait(void **state)
{
	struct consumer *consumer = joining_consumer();

	(void)state;
	assert_string_equal(BATCH(consumer, {1, FIRST, 0, MANY, 2}), "100f 0s 0l");
	joining_consumer_free(consumer);
}

static void a_batch_holds_no_more_messages_than_the_prefetch(void **state)
{
	struct coming all[64];

	(void)state;
	for (size_t i = 0; i < 64; i++)
		all[i] = (struct coming){0, FIRST};
	assert_int_equal(fetched(all, 64), PREFETCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lone_message_does_not_wait),
		cmocka_unit_test(messages_that_are_there_are_one_batch),
		cmocka_unit_test(an_unreadable_message_does_not_wait),
		cmocka_unit_test(under_load_events_wait_for_the_other_one),
		cmocka_unit_test(joined_events_are_decided_and_the_others_wait),
		cmocka_unit_test(parts_of_two_messages_are_joined),
		cmocka_unit_test(no_event_waits_longer_than_the_join_timeout),
		cmocka_unit_test(an_event_without_join_is_decided_at_once),
		cmocka_unit_test(a_few_events_do_not_wait),
		cmocka_unit_test(when_few_events_are_left_none_waits),
		cmocka_unit_test(events_of_a_lost_channel_are_dropped),
		cmocka_unit_test(a_message_of_no_events_is_acknowledged),
		cmocka_unit_test(an_event_that_was_redelivered_often_does_not_wait),
		cmocka_unit_test(a_batch_holds_no_more_messages_than_the_prefetch),
	};

	json_init();
	log_init("fetch-test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
