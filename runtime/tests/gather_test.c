/* Gathering: who waits for company, and what ends it. The broker is a list of deliveries with pauses between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lane.h"
#include "log.h"

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

/* The event that comes. */
static const char *told(struct arena *arena)
{
	static unsigned number;

	return arena_format(arena,
			    "{\"specversion\":\"1.0\",\"id\":\"019300f1-0000-7000-8000-%012x\","
			    "\"type\":\"comanda.%s.v1\",\"source\":\"/svc-test\",\"subject\":"
			    "\"019300f1-0000-7000-8000-000000000000\",\"time\":\"2026-11-26T02:00:00Z\","
			    "\"sequence\":1,\"data\":{}}",
			    ++number, types[coming->type].name);
}

enum status broker_next(struct broker *broker, int64_t wait_us, struct arena *arena, struct delivery *ret_delivery)
{
	(void)broker;
	if (coming_count == 0 || coming->after_us - waited_us > wait_us) {
		pause_for(wait_us);
		waited_us += wait_us;
		return E_TIMEOUT;
	}
	pause_for(coming->after_us - waited_us);
	waited_us = 0;
	const char *body = coming->type == UNREADABLE ? "this is no event" : coming->type == EMPTY ? "[]" : told(arena);
	*ret_delivery = (struct delivery){.exchange = "events", .user_id = "svc-test", .body = span_of(body)};
	coming++;
	coming_count--;
	return OK;
}

/* ---- the lane ---- */

static enum status nothing(struct unit *unit, const struct message *message)
{
	(void)unit, (void)message;
	return OK;
}

static const struct handler handlers[] = {
	{.type = PATIENT, .decide = nothing, .may_wait_us = 10 * SECOND_US},
	{.type = RESTLESS, .decide = nothing, .may_wait_us = 20 * MS_US},
	{.type = HURRIED, .decide = nothing},
	{0},
};
static const struct lane_plan plan = {.name = "events", .kind = LANE_EVENTS, .handlers = handlers};

/* How many of what comes one turn works on. */
static size_t gathered(const struct coming *list, size_t count)
{
	struct engine engine = {.service = &service};
	struct lane lane = {.engine = &engine, .plan = &plan};

	coming = list;
	coming_count = count;
	waited_us = 0;
	arena_init(&lane.arena);
	buffer_init(&lane.scratch);
	assert_int_equal(gather(&lane, SECOND_US), OK);
	for (size_t i = 0; i < lane.batch.count; i++)
		assert_int_equal(lane.batch.items[i].query.status, list[i].type == UNREADABLE ? E_MALFORMED : OK);
	const size_t found = lane.batch.count;
	free(lane.batch.items);
	free(lane.batch.deliveries);
	buffer_done(&lane.scratch);
	arena_done(&lane.arena);
	arena_done(&lane.trees);
	return found;
}

#define GATHERED(...)                                                                                                  \
	gathered((const struct coming[]){__VA_ARGS__},                                                                 \
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

static void one_that_may_wait_goes_with_the_next(void **state)
{
	(void)state;
	assert_int_equal(GATHERED({0, PATIENT}, {MS_US, HURRIED}), 2);
	assert_int_equal(GATHERED({0, PATIENT}, {MS_US, PATIENT}, {MS_US, HURRIED}), 3);
}

static void the_first_that_cannot_wait_ends_it(void **state)
{
	(void)state;
	assert_int_equal(GATHERED({0, PATIENT}, {MS_US, HURRIED}, {MS_US, PATIENT}), 2);
	assert_int_equal(GATHERED({0, PATIENT}, {0, HURRIED}, {MS_US, PATIENT}), 2);
}

static void without_company_it_goes_in_the_end(void **state)
{
	(void)state;
	assert_int_equal(GATHERED({0, RESTLESS}), 1);
	assert_int_equal(GATHERED({0, PATIENT}, {MS_US, RESTLESS}, {SECOND_US, PATIENT}), 2);
}

static void what_is_no_event_waits_for_nobody(void **state)
{
	(void)state;
	assert_int_equal(GATHERED({0, UNREADABLE}, {MS_US, HURRIED}), 1);
	assert_int_equal(GATHERED({0, PATIENT}, {0, UNREADABLE}, {MS_US, HURRIED}), 2);
	assert_int_equal(GATHERED({0, EMPTY}, {MS_US, HURRIED}), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_cannot_wait_goes_alone),
		cmocka_unit_test(what_has_come_goes_together),
		cmocka_unit_test(one_that_may_wait_goes_with_the_next),
		cmocka_unit_test(the_first_that_cannot_wait_ends_it),
		cmocka_unit_test(without_company_it_goes_in_the_end),
		cmocka_unit_test(what_is_no_event_waits_for_nobody),
	};

	json_init();
	log_init("gather-test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
