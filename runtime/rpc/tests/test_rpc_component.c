/* RPC against a real RabbitMQ (see broker_fixture.h): many threads call, one thread answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "amqp/tests/broker_fixture.h"
#include "rpc/wire.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum { ECHO, ECHO_SLOWLY, NOWHERE, FULL, TYPES };
static const struct message_type types[TYPES] = {
	[ECHO] = {.name = "test.echo", .kind = REQUEST, .version = 1, .producer = "edge", .queue = "test.query"},
	[ECHO_SLOWLY] =
		{.name = "test.other", .kind = REQUEST, .version = 1, .producer = "edge", .queue = "test.command"},
	[NOWHERE] =
		{.name = "test.nowhere", .kind = REQUEST, .version = 1, .producer = "edge", .queue = "test.nowhere"},
	[FULL] = {.name = "test.full", .kind = REQUEST, .version = 1, .producer = "edge", .queue = "test.full"},
};
static const char *const roles[] = {"nobody", "reader", NULL};
static const struct contract contract = {.types = types, .count = TYPES, .roles = roles};

static const int64_t timeout_us = 20 * SECOND_US;

/* ---- the service ---- */

struct service {
	pthread_t thread;
	const char *queue;
	atomic_bool stopping, holding; /* holding: it fetches messages and answers none until holding is false */
	atomic_int items, messages, largest;
};

static void add_answer(struct rpc_bundle *bundle, const struct rpc_item *item, struct buffer *text)
{
	static const struct refusal refusal = {E_CONFLICT, "no_thanks", "asked to refuse", "please"};
	struct buffer data;

	buffer_init(&data);
	json_print(&data, item->data);
	buffer_clear(text);
	if (strstr(data.bytes, "refuse") != NULL)
		rpc_answer_write(text, &(struct rpc_answer){.status = E_CONFLICT, .refusal = &refusal});
	else
		rpc_answer_write(text, &(struct rpc_answer){.status = item->status, .data = {data.bytes, data.size}});
	rpc_bundle_reply(bundle, item->id_text, (struct span){text->bytes, text->size});
	buffer_done(&data);
}

static void answer(struct service *service, struct broker *broker, const struct delivery *delivery, struct arena *arena)
{
	struct rpc_items items;
	struct rpc_bundle bundle;
	struct buffer text;

	assert_int_equal(rpc_wire_read_requests(delivery->body, &contract, arena, &items), OK);
	service->messages++;
	service->items += (int)items.count;
	if ((int)items.count > service->largest)
		service->largest = (int)items.count;
	while (service->holding && !service->stopping)
		assert_int_equal(broker_tick(broker, 5 * MS_US), OK);
	rpc_bundle_init(&bundle);
	buffer_init(&text);
	for (size_t i = 0; i < items.count; i++)
		add_answer(&bundle, &items.items[i], &text);
	assert_int_equal(broker_publish(broker,
					&(struct publication){.exchange = "",
							      .routing_key = delivery->reply_to,
							      .body = rpc_bundle_body(&bundle)},
					NULL),
			 OK);
	assert_int_equal(broker_ack(broker, delivery->tag, false), OK);
	buffer_done(&text);
	rpc_bundle_done(&bundle);
}

static void *run_service(void *argument)
{
	struct service *service = argument;
	const struct broker_consume consume = {.queue = service->queue, .prefetch = 10};
	struct broker *broker = connected_broker("answerer", false);
	struct arena arena;

	arena_init(&arena);
	assert_int_equal(broker_consume(broker, &consume), OK);
	while (!service->stopping) {
		struct delivery delivery;
		enum status status;

		arena_reset(&arena);
		status = broker_next(broker, 20 * MS_US, &arena, &delivery);
		if (status == OK)
			answer(service, broker, &delivery, &arena);
		else
			assert_int_equal(status, E_TIMEOUT);
	}
	broker_close(broker);
	broker_free(broker);
	arena_done(&arena);
	return NULL;
}

static void start(struct service *service, const char *queue)
{
	memset(service, 0, sizeof(*service));
	service->queue = queue;
	assert_int_equal(pthread_create(&service->thread, NULL, run_service, service), 0);
}

static void stop(struct service *service)
{
	service->stopping = true;
	pthread_join(service->thread, NULL);
}

/* ---- the callers ---- */

static struct rpc *new_rpc(const char *program)
{
	const struct rpc_config config = {.broker_url = fixture_url(),
					  .program = program,
					  .contract = &contract,
					  .heartbeat_us = 10 * SECOND_US,
					  .window = 3,
					  .in_flight_max = 200,
					  .breaker_after = 3};
	struct rpc *rpc = rpc_new(&config);
	int64_t until = monotonic_now() + timeout_us;

	while (!rpc_connected(rpc))
		assert_true(monotonic_now() < until);
	return rpc;
}

static int open_rpc(void **state)
{
	*state = new_rpc("component");
	return 0;
}

static int close_rpc(void **state)
{
	rpc_free(*state);
	return 0;
}

static struct rpc_request request_of(int type, const char *data, int64_t wait_us)
{
	int64_t now = timestamp_now();

	return (struct rpc_request){
		.type = type, .id = uuid_new(now), .time_us = now, .deadline_us = now + wait_us, .data = span_of(data)};
}

/* A call in a thread of its own. */
struct test_caller {
	pthread_t thread;
	struct rpc *rpc;
	struct rpc_request request;
	struct arena arena;
	struct rpc_reply reply;
};

static void *run_call(void *argument)
{
	struct test_caller *caller = argument;
	enum status status = rpc_call(caller->rpc, &caller->request, &caller->arena, &caller->reply);

	assert_int_equal(status, caller->reply.status);
	return NULL;
}

static void call_in_thread(struct test_caller *caller, struct rpc *rpc, struct rpc_request request)
{
	*caller = (struct test_caller){.rpc = rpc, .request = request};
	arena_init(&caller->arena);
	assert_int_equal(pthread_create(&caller->thread, NULL, run_call, caller), 0);
}

static void join(struct test_caller *caller)
{
	pthread_join(caller->thread, NULL);
}

static void caller_done(struct test_caller *caller)
{
	arena_done(&caller->arena);
}

/* Makes a call and returns only its status. */
static enum status call_and_wait(struct rpc *rpc, int type, int64_t wait_us)
{
	struct test_caller caller = {.rpc = rpc, .request = request_of(type, "{}", wait_us)};

	arena_init(&caller.arena);
	run_call(&caller);
	arena_done(&caller.arena);
	return caller.reply.status;
}

static void wait_for(atomic_int *count, int least)
{
	int64_t until = monotonic_now() + timeout_us;

	while (*count < least)
		assert_true(monotonic_now() < until);
}

/* ---- tests ---- */

static void a_call_gets_its_answer(void **state)
{
	struct rpc_request request = request_of(ECHO, "{\"n\":7}", timeout_us);
	struct service service;
	struct rpc_reply reply;
	struct arena arena;

	arena_init(&arena);
	start(&service, "test.query");
	assert_int_equal(rpc_call(*state, &request, &arena, &reply), OK);
	assert_int_equal(reply.data.size, 7);
	assert_memory_equal(reply.data.bytes, "{\"n\":7}", 7);

	request = request_of(ECHO, "{\"n\":\"refuse\"}", timeout_us);
	assert_int_equal(rpc_call(*state, &request, &arena, &reply), E_CONFLICT);
	assert_string_equal(reply.code, "no_thanks");
	assert_string_equal(reply.detail, "asked to refuse");
	assert_string_equal(reply.field, "please");
	assert_true(reply.sent);
	stop(&service);
	arena_done(&arena);
}

enum { THREADS = 64, ROUNDS = 40 };

static void *ask_repeatedly(void *argument)
{
	struct test_caller *caller = argument;
	char data[60];

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(data, sizeof(data), "{\"asker\":\"%p\",\"round\":%d}", argument, i);
		caller->request = request_of(ECHO, data, timeout_us);
		arena_reset(&caller->arena);
		assert_int_equal(rpc_call(caller->rpc, &caller->request, &caller->arena, &caller->reply), OK);
		assert_int_equal(caller->reply.data.size, strlen(data));
		assert_memory_equal(caller->reply.data.bytes, data, strlen(data));
	}
	return NULL;
}

static void calls_that_wait_together_are_sent_together(void **state)
{
	static struct test_caller callers[THREADS];
	struct service service;

	start(&service, "test.query");
	for (int i = 0; i < THREADS; i++) {
		callers[i].rpc = *state;
		arena_init(&callers[i].arena);
		assert_int_equal(pthread_create(&callers[i].thread, NULL, ask_repeatedly, &callers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		join(&callers[i]);
	for (int i = 0; i < THREADS; i++)
		caller_done(&callers[i]);
	stop(&service);
	assert_int_equal(service.items, THREADS * ROUNDS);
	assert_true(service.messages < THREADS * ROUNDS / 3);
	assert_true(service.largest <= RPC_ITEMS_MAX);
}

/* The current value of a counter, as Prometheus reads it. */
static int counted(const char *series)
{
	struct buffer text;
	const char *at;
	int value = 0;

	buffer_init(&text);
	metrics_print(&text);
	at = strstr(text.bytes, series);
	if (at != NULL)
		value = atoi(at + strlen(series));
	buffer_done(&text);
	return value;
}

static void wait_until_counted(const char *series, int least)
{
	int64_t until = monotonic_now() + timeout_us;

	while (counted(series) < least)
		assert_true(monotonic_now() < until);
}

static const char sent_messages[] = "comanda_rpc_messages_total{queue=\"test.query\"} ";
static const char requests_counted[] = "comanda_rpc_requests_total{queue=\"test.query\"} ";

/* Fills the window with unanswered calls, so that later calls wait. */
static void fill_window(struct test_caller *window_calls, struct rpc *rpc, struct service *service)
{
	int before = counted(sent_messages);

	service->holding = true;
	for (int i = 0; i < 3; i++) {
		call_in_thread(&window_calls[i], rpc, request_of(ECHO, "{\"fill\":true}", timeout_us));
		wait_until_counted(sent_messages, before + i + 1);
	}
}

static void join_all(struct test_caller *callers, int count, enum status status)
{
	for (int i = 0; i < count; i++) {
		join(&callers[i]);
		assert_int_equal(callers[i].reply.status, status);
		caller_done(&callers[i]);
	}
}

static void equal_reads_that_wait_together_are_sent_once(void **state)
{
	struct test_caller window_calls[3], readers[20];
	struct rpc_request request;
	struct service service;
	int before;

	start(&service, "test.query");
	fill_window(window_calls, *state, &service);
	before = counted(requests_counted);
	for (int i = 0; i < 20; i++) {
		request = request_of(ECHO, "{\"id\":1}", timeout_us);
		request.mergeable = true;
		/* Another caller may get another reply. */
		request.caller.user_id.bytes[0] = i == 19;
		call_in_thread(&readers[i], *state, request);
	}
	wait_until_counted(requests_counted, before + 20);
	service.holding = false;
	join_all(readers, 20, OK);
	join_all(window_calls, 3, OK);
	stop(&service);
	assert_int_equal(service.items, 5);
	assert_int_equal(service.messages, 4);
}

static void a_caller_that_times_out_leaves_the_others_waiting(void **state)
{
	struct rpc_request request = request_of(ECHO, "{\"id\":1}", timeout_us), short_call = request;
	struct test_caller window_calls[3], waiting;
	struct service service;
	int before;

	start(&service, "test.query");
	fill_window(window_calls, *state, &service);
	before = counted(requests_counted);
	request.mergeable = short_call.mergeable = true;
	short_call.deadline_us = timestamp_now() + 50 * MS_US;
	call_in_thread(&waiting, *state, request);
	wait_until_counted(requests_counted, before + 1);
	{
		struct test_caller gone = {.rpc = *state, .request = short_call};

		arena_init(&gone.arena);
		run_call(&gone);
		assert_int_equal(gone.reply.status, E_TIMEOUT);
		assert_false(gone.reply.sent);
		arena_done(&gone.arena);
	}
	service.holding = false;
	join_all(&waiting, 1, OK);
	join_all(window_calls, 3, OK);
	stop(&service);
	assert_int_equal(service.items, 4);
}

static void a_repeated_id_with_other_data_is_refused(void **state)
{
	struct rpc_request request = request_of(ECHO, "{\"a\":1}", timeout_us), other = request;
	struct service service;
	struct test_caller first, second, third;

	other.data = span_of("{\"a\":2}");
	start(&service, "test.query");
	service.holding = true;
	call_in_thread(&first, *state, request);
	wait_for(&service.messages, 1);
	call_in_thread(&second, *state, other);
	join(&second);
	assert_int_equal(second.reply.status, E_KEY_REUSED);
	assert_false(second.reply.sent);
	call_in_thread(&third, *state, request);
	service.holding = false;
	join(&first);
	join(&third);
	assert_int_equal(first.reply.status, OK);
	assert_int_equal(third.reply.status, OK);
	stop(&service);
	caller_done(&first);
	caller_done(&second);
	caller_done(&third);
}

static void a_full_queue_is_reported_at_once(void **state)
{
	struct rpc_request request = request_of(FULL, "{}", timeout_us);
	struct rpc_reply reply;
	struct arena arena;

	arena_init(&arena);
	declare_queue("test.full", "{\"x-max-length\":0,\"x-overflow\":\"reject-publish\"}");
	bind_queue("rpc", "test.full", "test.full");
	assert_int_equal(rpc_call(*state, &request, &arena, &reply), E_BUSY);
	assert_false(reply.sent);
	arena_done(&arena);
}

static void a_missing_queue_is_reported_at_once(void **state)
{
	assert_int_equal(call_and_wait(*state, NOWHERE, timeout_us), E_UNAVAILABLE);
}

static void a_service_without_replies_opens_the_breaker_and_its_first_reply_closes_it(void **state)
{
	struct service service;
	int64_t before, until;
	struct test_caller probes[2];

	for (int i = 0; i < 3; i++)
		assert_int_equal(call_and_wait(*state, ECHO_SLOWLY, 30 * MS_US), E_TIMEOUT);
	/* One call is the probe, for at most a second. The other is refused at once. */
	before = monotonic_now();
	for (int i = 0; i < 2; i++)
		call_in_thread(&probes[i], *state, request_of(ECHO_SLOWLY, "{}", timeout_us));
	for (int i = 0; i < 2; i++)
		join(&probes[i]);
	assert_true(monotonic_now() - before < 5 * SECOND_US);
	assert_int_equal(probes[0].reply.status + probes[1].reply.status, E_TIMEOUT + E_UNAVAILABLE);
	caller_done(&probes[0]);
	caller_done(&probes[1]);
	/* Another queue is not affected. */
	start(&service, "test.query");
	assert_int_equal(call_and_wait(*state, ECHO, timeout_us), OK);
	stop(&service);

	start(&service, "test.command");
	until = monotonic_now() + timeout_us;
	while (call_and_wait(*state, ECHO_SLOWLY, timeout_us) != OK)
		assert_true(monotonic_now() < until);
	assert_int_equal(call_and_wait(*state, ECHO_SLOWLY, timeout_us), OK);
	stop(&service);
}

static void too_many_callers_are_refused(void **state)
{
	enum { MOST = 200, MORE = 10 };
	static const char busy[] = "comanda_rpc_calls_total{type=\"test.echo\",status=\"busy\"} ";
	static struct test_caller callers[MOST + MORE];
	struct service service;
	int refused = 0, before = counted(busy);

	start(&service, "test.query");
	service.holding = true;
	for (int i = 0; i < MOST + MORE; i++)
		call_in_thread(&callers[i], *state, request_of(ECHO, "{}", timeout_us));
	wait_until_counted(busy, before + MORE);
	service.holding = false;
	for (int i = 0; i < MOST + MORE; i++) {
		join(&callers[i]);
		refused += callers[i].reply.status == E_BUSY;
		caller_done(&callers[i]);
	}
	stop(&service);
	assert_int_equal(refused, MORE);
	assert_int_equal(service.items, MOST);
}

static void a_lost_connection_ends_sent_calls_and_is_restored(void **state)
{
	struct rpc *rpc = new_rpc("lost");
	int64_t until = monotonic_now() + 2 * timeout_us;
	struct service service;
	struct test_caller caller;

	(void)state;
	start(&service, "test.query");
	service.holding = true;
	call_in_thread(&caller, rpc, request_of(ECHO, "{}", 60 * SECOND_US));
	wait_for(&service.messages, 1);
	close_connection("lost/rpc");
	join(&caller);
	assert_int_equal(caller.reply.status, E_UNAVAILABLE);
	assert_true(caller.reply.sent);
	caller_done(&caller);
	service.holding = false;
	while (call_and_wait(rpc, ECHO, timeout_us) != OK)
		assert_true(monotonic_now() < until);
	stop(&service);
	rpc_free(rpc);
}

static void without_a_broker_calls_are_refused_at_once(void **state)
{
	const struct rpc_config config = {.broker_url = "amqp://guest:guest@127.0.0.1:1/",
					  .program = "component",
					  .contract = &contract,
					  .heartbeat_us = 10 * SECOND_US,
					  .window = 3,
					  .in_flight_max = 200,
					  .breaker_after = 3};
	struct rpc *rpc = rpc_new(&config);

	(void)state;
	assert_int_equal(call_and_wait(rpc, ECHO, timeout_us), E_UNAVAILABLE);
	assert_false(rpc_connected(rpc));
	rpc_free(rpc);
}

static void a_call_after_its_deadline_is_not_sent(void **state)
{
	assert_int_equal(call_and_wait(*state, NOWHERE, -1), E_TIMEOUT);
}

/* ---- asynchronous calls ---- */

/* An asynchronous call, and its result. */
struct async_call {
	struct arena arena;
	struct rpc_reply reply;
	atomic_int count;
};

static void record_reply(void *context, const struct rpc_reply *reply)
{
	struct async_call *async = context;

	async->reply = *reply;
	atomic_fetch_add(&async->count, 1);
}

static void call_async(struct async_call *async, struct rpc *rpc, const struct rpc_request *request)
{
	*async = (struct async_call){.count = 0};
	arena_init(&async->arena);
	rpc_call_async(rpc, request, &async->arena, record_reply, async);
}

static void assert_result(struct async_call *async, enum status status)
{
	wait_for(&async->count, 1);
	assert_int_equal(async->count, 1);
	assert_int_equal(async->reply.status, status);
}

static void an_asynchronous_call_gets_its_reply(void **state)
{
	struct rpc_request request = request_of(ECHO, "{\"n\":7}", timeout_us);
	struct service service;
	struct async_call async;

	start(&service, "test.query");
	call_async(&async, *state, &request);
	assert_result(&async, OK);
	assert_memory_equal(async.reply.data.bytes, "{\"n\":7}", 7);
	stop(&service);
	arena_done(&async.arena);
}

static void every_caller_of_a_merged_call_gets_the_reply(void **state)
{
	struct rpc_request request = request_of(ECHO, "{\"id\":1}", timeout_us);
	struct test_caller window_calls[3];
	struct async_call async[20];
	struct service service;

	start(&service, "test.query");
	fill_window(window_calls, *state, &service);
	request.mergeable = true;
	for (int i = 0; i < 20; i++) {
		request.id = uuid_new(timestamp_now());
		call_async(&async[i], *state, &request);
		assert_int_equal(async[i].count, 0);
	}
	service.holding = false;
	for (int i = 0; i < 20; i++) {
		assert_result(&async[i], OK);
		assert_memory_equal(async[i].reply.data.bytes, "{\"id\":1}", 8);
		arena_done(&async[i].arena);
	}
	join_all(window_calls, 3, OK);
	stop(&service);
	assert_int_equal(service.items, 4);
}

/* Each call ends at its own deadline, and the late reply is dropped. */
static void an_asynchronous_call_gets_its_timeout(void **state)
{
	struct rpc_request short_call = request_of(ECHO, "{}", 100 * MS_US),
			   waiting = request_of(ECHO, "{}", timeout_us);
	const int64_t began_us = monotonic_now();
	struct service service;
	struct async_call soon, late;

	start(&service, "test.query");
	service.holding = true;
	call_async(&late, *state, &waiting);
	call_async(&soon, *state, &short_call);
	assert_result(&soon, E_TIMEOUT);
	assert_true(soon.reply.sent);
	assert_true(monotonic_now() - began_us >= 100 * MS_US);
	assert_true(monotonic_now() - began_us < SECOND_US);
	assert_int_equal(late.count, 0);
	service.holding = false;
	assert_result(&late, OK);
	stop(&service);
	assert_int_equal(soon.count, 1);
	arena_done(&soon.arena);
	arena_done(&late.arena);
}

static void rpc_free_ends_all_pending_calls(void **state)
{
	struct rpc_request slow = request_of(ECHO_SLOWLY, "{}", timeout_us), none = request_of(ECHO, "{}", -1);
	struct rpc *rpc = new_rpc("component");
	struct async_call async[10], refused;

	(void)state;
	call_async(&refused, rpc, &none);
	assert_int_equal(refused.count, 1); /* at once */
	assert_result(&refused, E_TIMEOUT);
	for (int i = 0; i < 10; i++) {
		slow.id = uuid_new(timestamp_now());
		call_async(&async[i], rpc, &slow);
	}
	rpc_free(rpc);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(async[i].count, 1);
		assert_int_equal(async[i].reply.status, E_UNAVAILABLE);
		arena_done(&async[i].arena);
	}
	arena_done(&refused.arena);
}

#define each(test) cmocka_unit_test_setup_teardown(test, open_rpc, close_rpc)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(a_call_gets_its_answer),
		each(calls_that_wait_together_are_sent_together),
		each(equal_reads_that_wait_together_are_sent_once),
		each(a_caller_that_times_out_leaves_the_others_waiting),
		each(a_repeated_id_with_other_data_is_refused),
		each(a_full_queue_is_reported_at_once),
		each(a_missing_queue_is_reported_at_once),
		each(a_service_without_replies_opens_the_breaker_and_its_first_reply_closes_it),
		each(too_many_callers_are_refused),
		cmocka_unit_test(a_lost_connection_ends_sent_calls_and_is_restored),
		cmocka_unit_test(without_a_broker_calls_are_refused_at_once),
		each(a_call_after_its_deadline_is_not_sent),
		each(an_asynchronous_call_gets_its_reply),
		each(every_caller_of_a_merged_call_gets_the_reply),
		each(an_asynchronous_call_gets_its_timeout),
		cmocka_unit_test(rpc_free_ends_all_pending_calls),
	};
	int failed;

	json_init();
	log_init("rpc-component", LOG_ERROR);
	if (!fixture_open("rpc-component"))
		return FIXTURE_SKIPPED;
	declare_exchange("rpc", "direct");
	declare_queue("test.query", "{}");
	declare_queue("test.command", "{}");
	bind_queue("rpc", "test.query", "test.query");
	bind_queue("rpc", "test.command", "test.command");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_close();
	return failed;
}
