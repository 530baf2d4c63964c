/* The broker connection against a real RabbitMQ (broker_fixture.h says which). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "amqp/tests/broker_fixture.h"

static const int64_t patience_us = 20 * SECOND_US;

struct fixture {
	struct broker *broker;
	struct arena arena;
};

static int open_scene(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof(*fixture));

	arena_init(&fixture->arena);
	fixture->broker = connected_broker("main", true);
	*state = fixture;
	return 0;
}

static int close_scene(void **state)
{
	struct fixture *fixture = *state;

	broker_free(fixture->broker);
	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

static void consume(struct broker *broker, const char *queue)
{
	const struct broker_consume consume = {.queue = queue, .prefetch = 100};

	if (broker_consume(broker, &consume) != OK)
		fail_msg("%s: %s", queue, broker_detail(broker));
}

static uint64_t publish(struct broker *broker, const char *queue, const char *body)
{
	const struct publication publication = {
		.exchange = "", .routing_key = queue, .message_id = body, .body = span_of(body), .mandatory = true};
	uint64_t sequence = 0;

	assert_int_equal(broker_publish(broker, &publication, &sequence), OK);
	return sequence;
}

static struct delivery next(struct fixture *fixture)
{
	struct delivery delivery;

	assert_int_equal(broker_next(fixture->broker, patience_us, &fixture->arena, &delivery), OK);
	return delivery;
}

static struct confirm next_confirm(struct broker *broker)
{
	int64_t until = monotonic_now() + patience_us;
	struct confirm confirm;

	while (broker_confirms(broker, &confirm, 1) == 0) {
		assert_true(monotonic_now() < until);
		assert_int_equal(broker_tick(broker, 100 * MS_US), OK);
	}
	return confirm;
}

static void ensure(struct broker *broker)
{
	int64_t until = monotonic_now() + patience_us;

	while (broker_ensure(broker) != OK)
		assert_true(monotonic_now() < until);
}

/* ---- deliveries ---- */

static void delivers_every_field_as_it_was_published(void **state)
{
	const struct broker_header headers[] = {{"x-reason", "caf\xc3\xa9", 0}, {"x-attempts", NULL, -5}};
	const struct publication publication = {.exchange = "",
						.routing_key = "fields",
						.content_type = "application/json",
						.type = "order.placed",
						.message_id = "m1",
						.correlation_id = "c1",
						.reply_to = "somewhere",
						.headers = headers,
						.header_count = 2,
						.body = {"a\0b", 3},
						.persistent = true,
						.time_us = timestamp_now()};
	struct fixture *fixture = *state;
	struct delivery got;

	declare_queue("fields", "{}");
	consume(fixture->broker, "fields");
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), OK);
	got = next(fixture);
	assert_int_equal(got.tag, 1);
	assert_false(got.redelivered);
	assert_int_equal(got.delivery_count, 0);
	assert_int_equal(got.stream_offset, -1);
	assert_string_equal(got.exchange, "");
	assert_string_equal(got.routing_key, "fields");
	assert_string_equal(got.content_type, "application/json");
	assert_string_equal(got.type, "order.placed");
	assert_string_equal(got.message_id, "m1");
	assert_string_equal(got.correlation_id, "c1");
	assert_string_equal(got.reply_to, "somewhere");
	assert_string_equal(got.user_id, broker_user(fixture->broker));
	assert_int_equal(got.header_count, 2);
	assert_string_equal(got.headers[0].name, "x-reason");
	assert_string_equal(got.headers[0].text, "caf\xc3\xa9");
	assert_int_equal(got.headers[1].number, -5);
	assert_int_equal(got.body.size, 3);
	assert_memory_equal(got.body.bytes, "a\0b", 3);
}

static void carries_bodies_of_many_frames_and_of_none(void **state)
{
	struct fixture *fixture = *state;
	size_t size = 1000 * 1000;
	char *large = mem_new(size, 1);
	struct publication publication = {.exchange = "", .routing_key = "sizes", .body = {large, size}};
	struct delivery got;

	for (size_t i = 0; i < size; i++)
		large[i] = (char)(i * 7);
	declare_queue("sizes", "{}");
	consume(fixture->broker, "sizes");
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), OK);
	publication.body.size = 0;
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), OK);
	got = next(fixture);
	assert_int_equal(got.body.size, size);
	assert_memory_equal(got.body.bytes, large, size);
	assert_int_equal(next(fixture).body.size, 0);
	free(large);
}

static void an_unacknowledged_delivery_is_redelivered_and_counted(void **state)
{
	struct fixture *fixture = *state;
	struct delivery got;

	declare_queue("again", "{\"x-queue-type\":\"quorum\"}");
	consume(fixture->broker, "again");
	publish(fixture->broker, "again", "first");
	publish(fixture->broker, "again", "second");
	got = next(fixture);
	assert_int_equal(broker_ack(fixture->broker, got.tag, true), OK);
	next(fixture);
	/* A call that is answered shows that the ack before it has arrived. */
	assert_int_equal(broker_cancel(fixture->broker), OK);
	broker_drop(fixture->broker);
	assert_false(broker_connected(fixture->broker));
	ensure(fixture->broker);
	consume(fixture->broker, "again");
	got = next(fixture);
	assert_memory_equal(got.body.bytes, "second", 6);
	assert_true(got.redelivered);
	assert_int_equal(got.delivery_count, 1);
}

static void deliveries_that_arrive_during_a_tick_are_queued_in_order(void **state)
{
	struct fixture *fixture = *state;
	char body[16];

	declare_queue("kept", "{}");
	consume(fixture->broker, "kept");
	for (int i = 0; i < 50; i++) {
		snprintf(body, sizeof(body), "%d", i);
		publish(fixture->broker, "kept", body);
	}
	for (int i = 0; i < 50; i++)
		next_confirm(fixture->broker);
	assert_int_equal(broker_cancel(fixture->broker), OK);
	for (int i = 0; i < 50; i++) {
		struct delivery got = next(fixture);

		snprintf(body, sizeof(body), "%d", i);
		assert_string_equal(got.body.bytes, body);
		assert_string_equal(got.message_id, body);
	}
}

static void waits_no_longer_than_its_limit(void **state)
{
	struct fixture *fixture = *state;
	int64_t start = monotonic_now();
	struct delivery none;

	declare_queue("empty", "{}");
	consume(fixture->broker, "empty");
	assert_int_equal(broker_next(fixture->broker, 50 * MS_US, &fixture->arena, &none), E_TIMEOUT);
	assert_in_range(monotonic_now() - start, 50 * MS_US, 2 * SECOND_US);
	assert_int_equal(broker_next(fixture->broker, 0, &fixture->arena, &none), E_TIMEOUT);
}

static void reads_a_stream_from_an_offset(void **state)
{
	const struct broker_consume from = {.queue = "log", .prefetch = 10, .stream = true, .stream_offset = 2};
	struct fixture *fixture = *state;
	struct delivery got;

	declare_queue("log", "{\"x-queue-type\":\"stream\"}");
	for (int i = 0; i < 4; i++)
		publish(fixture->broker, "log", i == 2 ? "two" : "other");
	for (int i = 0; i < 4; i++)
		assert_int_equal(next_confirm(fixture->broker).kind, CONFIRM_ACK);
	assert_int_equal(broker_consume(fixture->broker, &from), OK);
	got = next(fixture);
	/* A chunk of the log may begin before the offset that was asked for. */
	while (got.stream_offset < 2)
		got = next(fixture);
	assert_int_equal(got.stream_offset, 2);
	assert_string_equal(got.body.bytes, "two");
}

static void a_consumer_ends_with_its_queue(void **state)
{
	struct fixture *fixture = *state;
	struct delivery none;

	declare_queue("brief", "{}");
	consume(fixture->broker, "brief");
	delete_queue("brief");
	assert_int_equal(broker_next(fixture->broker, patience_us, &fixture->arena, &none), E_UNAVAILABLE);
	assert_false(broker_consuming(fixture->broker));
	assert_true(broker_connected(fixture->broker));
	declare_queue("brief", "{}");
	consume(fixture->broker, "brief");
	publish(fixture->broker, "brief", "back");
	assert_string_equal(next(fixture).body.bytes, "back");
}

static void a_missing_queue_does_not_end_the_connection(void **state)
{
	const struct broker_consume missing = {.queue = "nowhere", .prefetch = 1};
	struct fixture *fixture = *state;
	uint64_t sequence;

	declare_queue("somewhere", "{}");
	publish(fixture->broker, "somewhere", "before");
	next_confirm(fixture->broker);
	assert_int_equal(broker_consume(fixture->broker, &missing), E_NOT_FOUND);
	assert_non_null(strstr(broker_detail(fixture->broker), "nowhere"));
	assert_true(broker_connected(fixture->broker));
	sequence = publish(fixture->broker, "somewhere", "after");
	assert_int_equal(sequence, 2);
	assert_int_equal(next_confirm(fixture->broker).sequence, 2);
}

/* ---- confirms ---- */

static void publications_are_confirmed_by_their_numbers(void **state)
{
	struct fixture *fixture = *state;

	declare_queue("confirmed", "{\"x-queue-type\":\"quorum\"}");
	for (uint64_t i = 1; i <= 200; i++)
		assert_int_equal(publish(fixture->broker, "confirmed", "x"), i);
	for (uint64_t i = 1; i <= 200; i++)
		assert_int_equal(next_confirm(fixture->broker).kind, CONFIRM_ACK);
}

static void an_unroutable_message_is_returned_once(void **state)
{
	struct fixture *fixture = *state;
	struct confirm confirm, none;
	uint64_t lost;

	declare_queue("routed", "{}");
	publish(fixture->broker, "routed", "one");
	lost = publish(fixture->broker, "unrouted", "two");
	publish(fixture->broker, "routed", "three");
	for (int i = 0; i < 3; i++) {
		confirm = next_confirm(fixture->broker);
		assert_int_equal(confirm.kind, confirm.sequence == lost ? CONFIRM_RETURNED : CONFIRM_ACK);
	}
	assert_int_equal(broker_confirms(fixture->broker, &none, 1), 0);
}

static void a_full_queue_refuses(void **state)
{
	struct fixture *fixture = *state;

	declare_queue("full", "{\"x-max-length\":1,\"x-overflow\":\"reject-publish\"}");
	publish(fixture->broker, "full", "fits");
	assert_int_equal(next_confirm(fixture->broker).kind, CONFIRM_ACK);
	publish(fixture->broker, "full", "does not");
	assert_int_equal(next_confirm(fixture->broker).kind, CONFIRM_NACK);
}

static void long_header_texts_are_cut_between_characters(void **state)
{
	char text[2001];
	const struct broker_header header = {"x-reason", text, 0};
	const struct publication publication = {
		.exchange = "", .routing_key = "cut", .headers = &header, .header_count = 1};
	struct fixture *fixture = *state;
	struct delivery got;

	for (size_t i = 0; i < 2000; i++)
		text[i] = i == 0 ? 'x' : i % 2 == 1 ? '\xc3' : '\xa9';
	text[2000] = '\0';
	declare_queue("cut", "{}");
	consume(fixture->broker, "cut");
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), OK);
	got = next(fixture);
	assert_int_equal(strlen(got.headers[0].text), 1023);
	assert_memory_equal(got.headers[0].text, text, 1023);
}

static void a_name_that_is_too_long_for_amqp_is_refused_before_it_is_sent(void **state)
{
	char id[257];
	struct publication publication = {.exchange = "", .routing_key = "any", .message_id = id};
	struct fixture *fixture = *state;

	memset(id, 'x', 256);
	id[256] = '\0';
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), E_INVALID);
	id[255] = '\0';
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), OK);
	assert_int_equal(next_confirm(fixture->broker).kind, CONFIRM_ACK);
}

/* ---- losing and finding the broker ---- */

static void reconnects_after_the_broker_has_closed_the_connection(void **state)
{
	struct fixture *fixture = *state;
	struct delivery none;

	broker_free(fixture->broker);
	fixture->broker = connected_broker("to-be-closed", true);
	declare_queue("closed", "{}");
	consume(fixture->broker, "closed");
	close_connection("component/to-be-closed");
	assert_int_equal(broker_next(fixture->broker, patience_us, &fixture->arena, &none), E_UNAVAILABLE);
	assert_false(broker_connected(fixture->broker));
	assert_non_null(strstr(broker_detail(fixture->broker), "320"));
	ensure(fixture->broker);
	consume(fixture->broker, "closed");
	publish(fixture->broker, "closed", "again");
	assert_string_equal(next(fixture).body.bytes, "again");
}

static void a_failing_exchange_ends_the_connection_with_its_reason(void **state)
{
	const struct publication publication = {.exchange = "no such exchange", .routing_key = "x"};
	struct fixture *fixture = *state;
	int64_t until = monotonic_now() + patience_us;

	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), OK);
	while (broker_tick(fixture->broker, 100 * MS_US) == OK)
		assert_true(monotonic_now() < until);
	assert_false(broker_connected(fixture->broker));
	assert_non_null(strstr(broker_detail(fixture->broker), "404"));
	assert_int_equal(broker_close_code(fixture->broker), 404);
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), E_UNAVAILABLE);
	ensure(fixture->broker);
	assert_int_equal(broker_close_code(fixture->broker), 0); /* what is sent from now on is not to blame for it */
}

static struct broker *broker_at(const char *url)
{
	return broker_new(&(struct broker_config){
		.url = url, .program = "component", .connection_name = "other", .heartbeat_us = 10 * SECOND_US});
}

static void a_dead_host_is_skipped(void **state)
{
	const char *at = strrchr(fixture_url(), '@') + 1;
	struct broker *broker;
	char url[700];

	(void)state;
	snprintf(url, sizeof(url), "%.*s127.0.0.1:1,%s", (int)(at - fixture_url()), fixture_url(), at);
	broker = broker_at(url);
	assert_int_equal(broker_ensure(broker), OK);
	broker_close(broker);
	broker_free(broker);
}

static void a_failure_is_reported_and_not_repeated_before_the_next_try_is_due(void **state)
{
	struct broker *broker = broker_at("amqp://guest:guest@127.0.0.1:1/");
	int64_t start;

	(void)state;
	assert_int_equal(broker_ensure(broker), E_UNAVAILABLE);
	assert_non_null(strstr(broker_detail(broker), "127.0.0.1:1: "));
	start = monotonic_now();
	for (int i = 0; i < 1000; i++)
		assert_int_equal(broker_ensure(broker), E_UNAVAILABLE);
	assert_true(monotonic_now() - start < SECOND_US);
	broker_free(broker);
	broker = broker_at("nonsense");
	assert_int_equal(broker_ensure(broker), E_UNAVAILABLE);
	assert_non_null(strstr(broker_detail(broker), "amqp://"));
	broker_free(broker);
}

static bool lift_alarm(void)
{
	return rabbitmqctl("set_vm_memory_high_watermark 0.9");
}

/* Also after a failed test, because with the alarm all later tests fail as well. */
static int close_scene_without_alarm(void **state)
{
	lift_alarm();
	return close_scene(state);
}

static void a_blocked_connection_publishes_nothing_until_the_alarm_is_over(void **state)
{
	const struct publication publication = {.exchange = "", .routing_key = "alarm", .body = span_of("x")};
	struct fixture *fixture = *state;

	declare_queue("alarm", "{}");
	if (!rabbitmqctl("set_vm_memory_high_watermark absolute 1"))
		skip();
	int64_t until = monotonic_now() + patience_us;
	/* The broker says so to those who publish, once the alarm is up. */
	while (!broker_blocked(fixture->broker)) {
		enum status status = broker_publish(fixture->broker, &publication, NULL);

		assert_true(status == OK || status == E_BUSY);
		assert_true(monotonic_now() < until);
		assert_int_equal(broker_tick(fixture->broker, 10 * MS_US), OK);
	}
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), E_BUSY);
	lift_alarm();
	until = monotonic_now() + patience_us;
	while (broker_blocked(fixture->broker)) {
		assert_true(monotonic_now() < until);
		assert_int_equal(broker_tick(fixture->broker, 100 * MS_US), OK);
	}
	assert_int_equal(broker_publish(fixture->broker, &publication, NULL), OK);
	assert_int_equal(next_confirm(fixture->broker).kind, CONFIRM_ACK);
}

#define each(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(delivers_every_field_as_it_was_published),
		each(carries_bodies_of_many_frames_and_of_none),
		each(an_unacknowledged_delivery_is_redelivered_and_counted),
		each(deliveries_that_arrive_during_a_tick_are_queued_in_order),
		each(waits_no_longer_than_its_limit),
		each(reads_a_stream_from_an_offset),
		each(a_consumer_ends_with_its_queue),
		each(a_missing_queue_does_not_end_the_connection),
		each(publications_are_confirmed_by_their_numbers),
		each(an_unroutable_message_is_returned_once),
		each(a_full_queue_refuses),
		each(long_header_texts_are_cut_between_characters),
		each(a_name_that_is_too_long_for_amqp_is_refused_before_it_is_sent),
		each(reconnects_after_the_broker_has_closed_the_connection),
		each(a_failing_exchange_ends_the_connection_with_its_reason),
		cmocka_unit_test(a_dead_host_is_skipped),
		cmocka_unit_test(a_failure_is_reported_and_not_repeated_before_the_next_try_is_due),
		cmocka_unit_test_setup_teardown(a_blocked_connection_publishes_nothing_until_the_alarm_is_over,
						open_scene, close_scene_without_alarm),
	};
	int failed;

	if (!fixture_open("broker-component"))
		return FIXTURE_SKIPPED;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_close();
	return failed;
}
