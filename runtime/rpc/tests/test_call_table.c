/* The call table: the window, merging, timeouts, the circuit breaker. No broker, no threads. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/call_table.h"
#include "telemetry/log.h"

enum { LOOK, WRITE, OTHER, TYPES };
static const struct message_type types[TYPES] = {
	[LOOK] = {.name = "test.look", .kind = REQUEST, .version = 1, .producer = "edge", .queue = "test.query"},
	[WRITE] = {.name = "test.write", .kind = REQUEST, .version = 1, .producer = "edge", .queue = "test.query"},
	[OTHER] = {.name = "test.other", .kind = REQUEST, .version = 1, .producer = "edge", .queue = "test.command"},
};
static const struct responder responders[] = {{.queues = "test.", .user = "answerer"}, {.queues = NULL}};
static const char *const roles[] = {"nobody", NULL};
static const struct contract contract = {.types = types, .count = TYPES, .responders = responders, .roles = roles};
static const struct rpc_config config = {.contract = &contract, .window = 2, .in_flight_max = 1000, .breaker_after = 3};

struct fixture {
	struct call_table table;
	struct rpc_bundle bundle;
	struct ended_calls ended;
	struct arena arena;
	unsigned ids;
};

/* A caller, and the result that it was given. */
struct test_caller {
	struct subscriber subscriber; /* first, so that a pointer to it is a pointer to the caller */
	struct uuid id;
	int notified;
	enum status status;
	bool sent;
};

static int set_up(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof(*fixture));

	json_init();
	log_init("rpc-call-table-test", LOG_ERROR);
	call_table_init(&fixture->table, &config);
	rpc_bundle_init(&fixture->bundle);
	arena_init(&fixture->arena);
	fixture->table.connected = true;
	*state = fixture;
	return 0;
}

/* Ends the calls that a test has left. A leak is then a call that the table lost. */
static int tear_down(void **state)
{
	static const struct call_result end = {.status = E_UNAVAILABLE};
	struct fixture *fixture = *state;

	call_table_end_waiting(&fixture->table, &end, &fixture->ended);
	while (fixture->table.messages != NULL)
		call_table_end_message(&fixture->table, fixture->table.messages, &end, &fixture->ended);
	ended_calls_notify(&fixture->ended);
	for (size_t i = 0; i < RPC_BUCKETS; i++)
		assert_true(fixture->table.index.by_id[i] == NULL && fixture->table.index.mergeable[i] == NULL);
	for (size_t i = 0; i < fixture->table.queue_count; i++)
		assert_true(fixture->table.queues[i].subscribers == 0 && fixture->table.queues[i].unanswered == 0);
	rpc_bundle_done(&fixture->bundle);
	arena_done(&fixture->arena);
	call_table_done(&fixture->table);
	free(fixture);
	return 0;
}

static struct rpc_queue *query_queue(struct fixture *fixture)
{
	return &fixture->table.queues[0];
}

static struct rpc_request request_of(struct fixture *fixture, int type, const char *data)
{
	struct rpc_request request = {.type = type, .mergeable = type == LOOK, .data = span_of(data)};

	fixture->ids++;
	memcpy(request.id.bytes, &fixture->ids, sizeof(fixture->ids));
	return request;
}

static void record_result(struct subscriber *subscriber, const struct call_result *end)
{
	struct test_caller *caller = (struct test_caller *)subscriber;

	assert_int_equal(caller->notified++, 0);
	caller->status = end->status;
	caller->sent = end->sent;
}

static enum status add_call(struct fixture *fixture, const struct rpc_request *request, int64_t wait_us,
			    struct test_caller **ret_asking)
{
	struct test_caller *caller = arena_new(&fixture->arena, 1, sizeof(*caller));
	struct pending_call *pending = NULL;
	enum status status;

	*caller = (struct test_caller){.subscriber = {.due_us = monotonic_now() + wait_us, .notify = record_result},
				       .id = request->id};
	pending = pending_call_new(&contract, request, caller->subscriber.due_us);
	status = call_table_add(&fixture->table, pending, types[request->type].queue, &caller->subscriber);
	if (status != OK)
		pending_call_free(pending);
	*ret_asking = caller;
	return status;
}

static struct test_caller *called(struct fixture *fixture, int type, const char *data)
{
	struct rpc_request request = request_of(fixture, type, data);
	struct test_caller *caller = NULL;

	assert_int_equal(add_call(fixture, &request, MINUTE_US, &caller), OK);
	return caller;
}

static struct rpc_message *next_message(struct fixture *fixture)
{
	return rpc_queue_next_message(&fixture->table, query_queue(fixture), &fixture->bundle);
}

static void reply(struct fixture *fixture, const struct test_caller *caller, bool expected)
{
	assert(caller != NULL);
	const struct rpc_slice slice = {.id = caller->id, .text = span_of("{\"status\":\"ok\"}")};

	assert_int_equal(call_table_complete(&fixture->table, &slice, "answerer", &fixture->ended), expected);
	ended_calls_notify(&fixture->ended);
}

/* Lets this caller, and no other, time out. */
static void time_out(struct fixture *fixture, struct test_caller *caller)
{
	caller->subscriber.due_us = fixture->table.next_due_us = 0;
	call_table_time_out(&fixture->table, 0, &fixture->ended);
	ended_calls_notify(&fixture->ended);
	assert_int_equal(caller->notified, 1);
	assert_int_equal(caller->status, E_TIMEOUT);
}

static void a_full_window_holds_back_later_calls(void **state)
{
	struct fixture *fixture = *state;
	struct test_caller *callers[5];
	struct rpc_message *last;

	for (int i = 0; i < 5; i++) {
		callers[i] = called(fixture, WRITE, "{}");
		assert_true((next_message(fixture) != NULL) == (i < 2));
	}
	reply(fixture, callers[0], true);
	last = next_message(fixture);
	assert_non_null(last);
	assert_int_equal(last->count, 3);
	assert_null(next_message(fixture));
}

static void a_message_leaves_the_window_when_all_its_calls_are_answered(void **state)
{
	struct fixture *fixture = *state;
	struct test_caller *a = called(fixture, WRITE, "{}"), *b = called(fixture, WRITE, "{}");

	assert_int_equal(next_message(fixture)->count, 2);
	reply(fixture, a, true);
	assert_int_equal(query_queue(fixture)->unanswered, 1);
	reply(fixture, b, true);
	assert_int_equal(query_queue(fixture)->unanswered, 0);
	reply(fixture, b, false);
	assert_int_equal(a->notified, 1);
	assert_int_equal(a->status, OK);
}

static void a_message_has_at_most_256_items_and_256_kib(void **state)
{
	static char large[100000];
	struct fixture *fixture = *state;

	memset(large, ' ', sizeof(large) - 1);
	for (int i = 0; i < 300; i++)
		(void)called(fixture, WRITE, "{}");
	for (int i = 300; i < 304; i++)
		(void)called(fixture, WRITE, large);
	assert_int_equal(next_message(fixture)->count, RPC_ITEMS_MAX);
	assert_int_equal(next_message(fixture)->count, 300 - RPC_ITEMS_MAX + 2);
	assert_true(rpc_bundle_body(&fixture->bundle).size <= RPC_REQUEST_BYTES);
}

static void a_message_of_several_types_has_the_type_mixed(void **state)
{
	struct fixture *fixture = *state;

	(void)called(fixture, WRITE, "{}");
	(void)called(fixture, WRITE, "{}");
	assert_string_equal(next_message(fixture)->type, "test.write");
	(void)called(fixture, LOOK, "{}");
	(void)called(fixture, WRITE, "{}");
	assert_string_equal(next_message(fixture)->type, "mixed");
}

static void equal_reads_are_merged_until_they_are_sent(void **state)
{
	struct fixture *fixture = *state;
	struct test_caller *a = called(fixture, LOOK, "{\"id\":1}"), *b = called(fixture, LOOK, "{\"id\":1}"),
			   *other = called(fixture, LOOK, "{\"id\":2}"), *later;

	assert_ptr_equal(a->subscriber.pending, b->subscriber.pending);
	assert_ptr_not_equal(a->subscriber.pending, other->subscriber.pending);
	assert_int_equal(query_queue(fixture)->subscribers, 3);
	assert_int_equal(next_message(fixture)->count, 2);
	later = called(fixture, LOOK, "{\"id\":1}");
	assert_ptr_not_equal(a->subscriber.pending, later->subscriber.pending);
	reply(fixture, a, true);
	assert_int_equal(b->notified, 1);
	assert_int_equal(later->notified, 0);
}

static void writes_are_merged_only_when_they_are_the_same_request(void **state)
{
	struct fixture *fixture = *state;
	struct rpc_request request = request_of(fixture, WRITE, "{\"a\":1}"), other = request;
	struct test_caller *a = NULL, *b = NULL, *c = called(fixture, WRITE, "{\"a\":1}");

	other.data = span_of("{\"a\":2}");
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &a), OK);
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &b), OK);
	assert_ptr_equal(a->subscriber.pending, b->subscriber.pending);
	assert_ptr_not_equal(a->subscriber.pending, c->subscriber.pending);
	assert_int_equal(add_call(fixture, &other, MINUTE_US, &b), E_KEY_REUSED);
}

/* As the services do: a repeat is recognised by its user and its body. */
static void a_repeat_from_a_new_session_joins_the_request_in_flight(void **state)
{
	struct fixture *fixture = *state;
	struct rpc_request request = request_of(fixture, WRITE, "{\"a\":1}"), repeat, stranger;
	struct test_caller *a = NULL, *b = NULL;

	request.caller = (struct caller){.user_id = {{1}}, .session_id = {{2}}, .role = 0};
	repeat = stranger = request;
	repeat.caller.session_id.bytes[0] = 3;
	stranger.caller.user_id.bytes[0] = 4;
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &a), OK);
	assert_int_equal(add_call(fixture, &repeat, MINUTE_US, &b), OK);
	assert_ptr_equal(a->subscriber.pending, b->subscriber.pending);
	assert_int_equal(add_call(fixture, &stranger, MINUTE_US, &b), E_KEY_REUSED);
}

static void equal_reads_of_two_sessions_are_not_merged(void **state)
{
	struct fixture *fixture = *state;
	struct rpc_request one = request_of(fixture, LOOK, "{}"), other = request_of(fixture, LOOK, "{}");
	struct test_caller *a = NULL, *b = NULL;

	one.caller = (struct caller){.user_id = {{1}}, .session_id = {{2}}};
	other.caller = (struct caller){.user_id = {{1}}, .session_id = {{3}}};
	assert_int_equal(add_call(fixture, &one, MINUTE_US, &a), OK);
	assert_int_equal(add_call(fixture, &other, MINUTE_US, &b), OK);
	assert_ptr_not_equal(a->subscriber.pending, b->subscriber.pending);
}

static void a_repeat_with_a_later_deadline_is_sent_and_one_reply_completes_both(void **state)
{
	struct fixture *fixture = *state;
	struct rpc_request request = request_of(fixture, WRITE, "{}");
	struct test_caller *first = NULL, *second = NULL;

	assert_int_equal(add_call(fixture, &request, SECOND_US, &first), OK);
	assert_non_null(next_message(fixture));
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &second), OK);
	assert_ptr_not_equal(first->subscriber.pending, second->subscriber.pending);
	assert_non_null(next_message(fixture));
	reply(fixture, first, true);
	assert_int_equal(first->notified, 1);
	assert_int_equal(second->notified, 1);
	assert_int_equal(query_queue(fixture)->unanswered, 0);
}

static void a_call_that_times_out_before_it_is_sent_is_removed(void **state)
{
	struct fixture *fixture = *state;

	time_out(fixture, called(fixture, WRITE, "{}"));
	assert_null(next_message(fixture));
	assert_int_equal(query_queue(fixture)->subscribers, 0);
}

static void each_caller_times_out_at_its_own_time_and_is_notified_once(void **state)
{
	struct fixture *fixture = *state;
	struct rpc_request request = request_of(fixture, LOOK, "{}");
	struct test_caller *soon = NULL, *late = NULL, *sent = called(fixture, WRITE, "{}");

	assert_non_null(next_message(fixture));
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &late), OK);
	assert_int_equal(add_call(fixture, &request, SECOND_US, &soon), OK);
	assert_ptr_equal(soon->subscriber.pending, late->subscriber.pending);
	assert_true(fixture->table.next_due_us == soon->subscriber.due_us);
	call_table_time_out(&fixture->table, soon->subscriber.due_us - 1, &fixture->ended);
	ended_calls_notify(&fixture->ended);
	assert_int_equal(soon->notified, 0);
	call_table_time_out(&fixture->table, soon->subscriber.due_us, &fixture->ended);
	ended_calls_notify(&fixture->ended);
	assert_int_equal(soon->notified, 1);
	assert_int_equal(soon->status, E_TIMEOUT);
	assert_false(soon->sent);
	assert_int_equal(late->notified + sent->notified, 0);
	assert_true(fixture->table.next_due_us == sent->subscriber.due_us);
	call_table_time_out(&fixture->table, late->subscriber.due_us, &fixture->ended);
	ended_calls_notify(&fixture->ended);
	assert_int_equal(late->notified, 1);
	assert_int_equal(sent->notified, 1);
	assert_true(sent->sent);
	assert_true(fixture->table.next_due_us == INT64_MAX);
	reply(fixture, sent, true);
	assert_int_equal(sent->notified, 1);
}

static void an_expired_message_leaves_the_window(void **state)
{
	struct fixture *fixture = *state;
	struct test_caller *caller = called(fixture, WRITE, "{}");

	assert_non_null(next_message(fixture));
	call_table_expire_messages(&fixture->table, caller->subscriber.due_us - 1, &fixture->ended);
	assert_int_equal(query_queue(fixture)->unanswered, 1);
	call_table_expire_messages(&fixture->table, caller->subscriber.due_us, &fixture->ended);
	ended_calls_notify(&fixture->ended);
	assert_int_equal(query_queue(fixture)->unanswered, 0);
	assert_int_equal(caller->status, E_TIMEOUT);
	assert_true(caller->sent);
}

static void open_breaker(struct fixture *fixture)
{
	for (int i = 0; i < config.breaker_after; i++)
		time_out(fixture, called(fixture, WRITE, "{}"));
}

static void an_open_breaker_refuses_all_calls_for_a_while_after_a_probe(void **state)
{
	static struct rpc_config pausing;
	struct fixture *fixture = *state;
	struct rpc_request request = request_of(fixture, WRITE, "{}");
	struct test_caller *none = NULL;

	pausing = config;
	pausing.breaker_pause_us = MINUTE_US;
	fixture->table.config = &pausing;
	open_breaker(fixture);
	struct test_caller *probe = called(fixture, WRITE, "{}");
	assert_non_null(next_message(fixture));
	time_out(fixture, probe);
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &none), E_UNAVAILABLE);
}

static void an_open_breaker_lets_one_call_through(void **state)
{
	struct fixture *fixture = *state;
	struct rpc_request request = request_of(fixture, WRITE, "{}"), other = request_of(fixture, OTHER, "{}");
	struct test_caller *probe, *none = NULL;

	open_breaker(fixture);
	probe = called(fixture, WRITE, "{}");
	assert_true(probe->subscriber.due_us <= monotonic_now() + SECOND_US);
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &none), E_UNAVAILABLE);
	assert_int_equal(add_call(fixture, &other, MINUTE_US, &none), OK);
	assert_non_null(next_message(fixture));
	time_out(fixture, probe);
	probe = called(fixture, WRITE, "{}");
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &none), E_UNAVAILABLE);
	assert_non_null(next_message(fixture));
	reply(fixture, probe, true);
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &none), OK);
	assert_int_equal(query_queue(fixture)->breaker.timeouts, 0);
}

static void many_callers_of_one_call_count_as_one_timeout(void **state)
{
	struct fixture *fixture = *state;
	struct test_caller *callers[10];

	for (int i = 0; i < 10; i++)
		callers[i] = called(fixture, LOOK, "{}");
	for (int i = 0; i < 10; i++)
		time_out(fixture, callers[i]);
	assert_int_equal(query_queue(fixture)->breaker.timeouts, 1);
}

static void a_slow_service_that_answers_other_calls_keeps_its_breaker_closed(void **state)
{
	struct fixture *fixture = *state;
	struct test_caller *callers[10], *served;

	for (int i = 0; i < 10; i++)
		callers[i] = called(fixture, WRITE, "{}");
	served = called(fixture, WRITE, "{}");
	assert_non_null(next_message(fixture));
	for (const int64_t now = monotonic_now(); monotonic_now() == now;) /* the reply comes after the calls began */
		;
	reply(fixture, served, true);
	for (int i = 0; i < 10; i++)
		time_out(fixture, callers[i]);
	assert_int_equal(query_queue(fixture)->breaker.timeouts, 0);
	for (const int64_t now = monotonic_now(); monotonic_now() == now;)
		;
	open_breaker(fixture);
	assert_int_equal(query_queue(fixture)->breaker.timeouts, config.breaker_after);
}

static void a_late_reply_closes_the_breaker(void **state)
{
	struct fixture *fixture = *state;
	struct test_caller *late = called(fixture, WRITE, "{}");
	const struct rpc_slice slice = {.id = late->id, .text = span_of("{\"status\":\"ok\"}")};

	assert_non_null(next_message(fixture));
	time_out(fixture, late);
	open_breaker(fixture);
	assert_true(call_table_complete(&fixture->table, &slice, "answerer", &fixture->ended));
	ended_calls_notify(&fixture->ended);
	assert_int_equal(query_queue(fixture)->breaker.timeouts, 0);
}

static void a_reply_of_another_user_is_ignored(void **state)
{
	struct fixture *fixture = *state;
	struct test_caller *caller = called(fixture, WRITE, "{}");
	const struct rpc_slice slice = {.id = caller->id, .text = span_of("{\"status\":\"ok\"}")};

	assert_non_null(next_message(fixture));
	assert_false(call_table_complete(&fixture->table, &slice, "somebody", &fixture->ended));
	assert_false(call_table_complete(&fixture->table, &slice, NULL, &fixture->ended));
	reply(fixture, caller, true);
}

static void a_call_without_a_connection_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct rpc_request request = request_of(fixture, WRITE, "{}");
	struct test_caller *none = NULL;

	fixture->table.connected = false;
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &none), E_UNAVAILABLE);
	fixture->table.connected = fixture->table.blocked = true;
	assert_int_equal(add_call(fixture, &request, MINUTE_US, &none), E_UNAVAILABLE);
}

#define each(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(a_full_window_holds_back_later_calls),
		each(a_message_leaves_the_window_when_all_its_calls_are_answered),
		each(a_message_has_at_most_256_items_and_256_kib),
		each(a_message_of_several_types_has_the_type_mixed),
		each(equal_reads_are_merged_until_they_are_sent),
		each(writes_are_merged_only_when_they_are_the_same_request),
		each(a_repeat_from_a_new_session_joins_the_request_in_flight),
		each(equal_reads_of_two_sessions_are_not_merged),
		each(a_repeat_with_a_later_deadline_is_sent_and_one_reply_completes_both),
		each(a_call_that_times_out_before_it_is_sent_is_removed),
		each(each_caller_times_out_at_its_own_time_and_is_notified_once),
		each(an_expired_message_leaves_the_window),
		each(an_open_breaker_lets_one_call_through),
		each(an_open_breaker_refuses_all_calls_for_a_while_after_a_probe),
		each(many_callers_of_one_call_count_as_one_timeout),
		each(a_slow_service_that_answers_other_calls_keeps_its_breaker_closed),
		each(a_late_reply_closes_the_breaker),
		each(a_reply_of_another_user_is_ignored),
		each(a_call_without_a_connection_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
