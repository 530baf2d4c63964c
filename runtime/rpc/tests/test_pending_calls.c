/* What the asking side knows: windows, joining, the breaker. Without a broker and without threads. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/pending_calls.h"
#include "telemetry/log.h"

enum { LOOK, WRITE, OTHER, TYPES };
static const struct message_type types[TYPES] = {
	[LOOK] = {"test.look", REQUEST, 1, "edge", "test.query", NULL, NULL, NULL},
	[WRITE] = {"test.write", REQUEST, 1, "edge", "test.query", NULL, NULL, NULL},
	[OTHER] = {"test.other", REQUEST, 1, "edge", "test.command", NULL, NULL, NULL},
};
static const struct answering answerers[] = {{"test.", "answerer"}, {NULL, NULL}};
static const struct contract contract = {.types = types, .count = TYPES, .answerers = answerers};
static const struct rpc_config config = {.contract = &contract, .window = 2, .in_flight_max = 1000, .breaker_after = 3};

struct scene {
	struct rpc_table table;
	struct rpc_bundle bundle;
	struct ended ended;
	struct arena arena;
	unsigned ids;
};

/* Who waits for an item, and what it was told. */
struct asking {
	struct subscriber subscriber; /* first: it stands for the whole */
	struct uuid id;
	int told;
	enum status status;
	bool sent;
};

static int open_scene(void **state)
{
	struct scene *scene = mem_new(1, sizeof(*scene));

	json_init();
	log_init("rpc-table-test", LOG_ERROR);
	rpc_table_init(&scene->table, &config);
	rpc_bundle_init(&scene->bundle);
	arena_init(&scene->arena);
	scene->table.connected = true;
	*state = scene;
	return 0;
}

/* Whatever a test leaves behind ends here; a leak would be an item that nobody ended. */
static int close_scene(void **state)
{
	static const struct rpc_end end = {.status = E_UNAVAILABLE};
	struct scene *scene = *state;

	table_end_waiting(&scene->table, &end, &scene->ended);
	while (scene->table.sent != NULL)
		table_end_message(&scene->table, scene->table.sent, &end, &scene->ended);
	ended_tell(&scene->ended);
	for (size_t i = 0; i < RPC_BUCKETS; i++)
		assert_true(scene->table.by_id[i] == NULL && scene->table.reads[i] == NULL);
	for (size_t i = 0; i < scene->table.consumer_count; i++)
		assert_true(scene->table.queues[i].callers == 0 && scene->table.queues[i].unanswered == 0);
	rpc_bundle_done(&scene->bundle);
	arena_done(&scene->arena);
	rpc_table_done(&scene->table);
	free(scene);
	return 0;
}

static struct rpc_queue *query_consumer(struct scene *scene)
{
	return &scene->table.queues[0];
}

static struct rpc_request request_of(struct scene *scene, int type, const char *data)
{
	struct rpc_request request = {.type = type, .read = type == LOOK, .data = span_of(data)};

	scene->ids++;
	memcpy(request.id.bytes, &scene->ids, sizeof(scene->ids));
	return request;
}

static void note_end(struct subscriber *subscriber, const struct rpc_end *end)
{
	struct asking *asking = (struct asking *)subscriber;

	assert_int_equal(asking->told++, 0);
	asking->status = end->status;
	asking->sent = end->sent;
}

static enum status enlist(struct scene *scene, const struct rpc_request *request, int64_t wait_us,
			  struct asking **ret_asking)
{
	struct asking *asking = arena_new(&scene->arena, 1, sizeof(*asking));
	struct ask *ask = NULL;
	enum status status;

	*asking = (struct asking){.subscriber = {.due_us = monotonic_now() + wait_us, .tell = note_end},
				  .id = request->id};
	ask = ask_new(&contract, request, asking->subscriber.due_us);
	status = table_enlist(&scene->table, ask, types[request->type].queue, &asking->subscriber);
	if (status != OK)
		ask_free(ask);
	*ret_asking = asking;
	return status;
}

static struct asking *asked(struct scene *scene, int type, const char *data)
{
	struct rpc_request request = request_of(scene, type, data);
	struct asking *asking = NULL;

	assert_int_equal(enlist(scene, &request, MINUTE_US, &asking), OK);
	return asking;
}

static struct sent *taken(struct scene *scene)
{
	return queue_take(&scene->table, query_consumer(scene), &scene->bundle);
}

static void answer(struct scene *scene, const struct asking *ask, bool expected)
{
	assert(ask != NULL);
	const struct rpc_slice slice = {.id = ask->id, .text = span_of("{\"status\":\"ok\"}")};

	assert_int_equal(table_answer(&scene->table, &slice, "answerer", &scene->ended), expected);
	ended_tell(&scene->ended);
}

/* Its time is up, and nobody else's. */
static void give_up(struct scene *scene, struct asking *asking)
{
	asking->subscriber.due_us = scene->table.first_due_us = 0;
	table_end_late(&scene->table, 0, &scene->ended);
	ended_tell(&scene->ended);
	assert_int_equal(asking->told, 1);
	assert_int_equal(asking->status, E_TIMEOUT);
}

static void the_window_holds_back_what_comes_meanwhile(void **state)
{
	struct scene *scene = *state;
	struct asking *asks[5];
	struct sent *last;

	for (int i = 0; i < 5; i++) {
		asks[i] = asked(scene, WRITE, "{}");
		assert_true((taken(scene) != NULL) == (i < 2));
	}
	answer(scene, asks[0], true);
	last = taken(scene);
	assert_non_null(last);
	assert_int_equal(last->count, 3);
	assert_null(taken(scene));
}

static void a_slot_is_free_again_once_all_are_answered(void **state)
{
	struct scene *scene = *state;
	struct asking *a = asked(scene, WRITE, "{}"), *b = asked(scene, WRITE, "{}");

	assert_int_equal(taken(scene)->count, 2);
	answer(scene, a, true);
	assert_int_equal(query_consumer(scene)->unanswered, 1);
	answer(scene, b, true);
	assert_int_equal(query_consumer(scene)->unanswered, 0);
	answer(scene, b, false);
	assert_int_equal(a->told, 1);
	assert_int_equal(a->status, OK);
}

static void a_message_has_256_items_and_256_kib_at_most(void **state)
{
	static char large[100000];
	struct scene *scene = *state;

	memset(large, ' ', sizeof(large) - 1);
	for (int i = 0; i < 300; i++)
		(void)asked(scene, WRITE, "{}");
	for (int i = 300; i < 304; i++)
		(void)asked(scene, WRITE, large);
	assert_int_equal(taken(scene)->count, RPC_ITEMS_MAX);
	assert_int_equal(taken(scene)->count, 300 - RPC_ITEMS_MAX + 2);
	assert_true(rpc_bundle_body(&scene->bundle).size <= RPC_REQUEST_BYTES);
}

static void a_mixed_message_says_so(void **state)
{
	struct scene *scene = *state;

	(void)asked(scene, WRITE, "{}");
	(void)asked(scene, WRITE, "{}");
	assert_string_equal(taken(scene)->type, "test.write");
	(void)asked(scene, LOOK, "{}");
	(void)asked(scene, WRITE, "{}");
	assert_string_equal(taken(scene)->type, "mixed");
}

static void equal_reads_are_one_until_they_are_sent(void **state)
{
	struct scene *scene = *state;
	struct asking *a = asked(scene, LOOK, "{\"id\":1}"), *b = asked(scene, LOOK, "{\"id\":1}"),
		      *other = asked(scene, LOOK, "{\"id\":2}"), *later;

	assert_ptr_equal(a->subscriber.ask, b->subscriber.ask);
	assert_ptr_not_equal(a->subscriber.ask, other->subscriber.ask);
	assert_int_equal(query_consumer(scene)->callers, 3);
	assert_int_equal(taken(scene)->count, 2);
	later = asked(scene, LOOK, "{\"id\":1}");
	assert_ptr_not_equal(a->subscriber.ask, later->subscriber.ask);
	answer(scene, a, true);
	assert_int_equal(b->told, 1);
	assert_int_equal(later->told, 0);
}

static void writes_are_never_joined_unless_they_are_the_same_request(void **state)
{
	struct scene *scene = *state;
	struct rpc_request request = request_of(scene, WRITE, "{\"a\":1}"), other = request;
	struct asking *a = NULL, *b = NULL, *c = asked(scene, WRITE, "{\"a\":1}");

	other.data = span_of("{\"a\":2}");
	assert_int_equal(enlist(scene, &request, MINUTE_US, &a), OK);
	assert_int_equal(enlist(scene, &request, MINUTE_US, &b), OK);
	assert_ptr_equal(a->subscriber.ask, b->subscriber.ask);
	assert_ptr_not_equal(a->subscriber.ask, c->subscriber.ask);
	assert_int_equal(enlist(scene, &other, MINUTE_US, &b), E_KEY_REUSED);
}

static void a_resend_with_a_later_deadline_is_sent_and_one_reply_serves_both(void **state)
{
	struct scene *scene = *state;
	struct rpc_request request = request_of(scene, WRITE, "{}");
	struct asking *first = NULL, *second = NULL;

	assert_int_equal(enlist(scene, &request, SECOND_US, &first), OK);
	assert_non_null(taken(scene));
	assert_int_equal(enlist(scene, &request, MINUTE_US, &second), OK);
	assert_ptr_not_equal(first->subscriber.ask, second->subscriber.ask);
	assert_non_null(taken(scene));
	answer(scene, first, true);
	assert_int_equal(first->told, 1);
	assert_int_equal(second->told, 1);
	assert_int_equal(query_consumer(scene)->unanswered, 0);
}

static void who_gives_up_before_it_is_sent_takes_it_along(void **state)
{
	struct scene *scene = *state;

	give_up(scene, asked(scene, WRITE, "{}"));
	assert_null(taken(scene));
	assert_int_equal(query_consumer(scene)->callers, 0);
}

static void each_gives_up_at_its_own_time_and_is_told_once(void **state)
{
	struct scene *scene = *state;
	struct rpc_request request = request_of(scene, LOOK, "{}");
	struct asking *soon = NULL, *late = NULL, *sent = asked(scene, WRITE, "{}");

	assert_non_null(taken(scene));
	assert_int_equal(enlist(scene, &request, MINUTE_US, &late), OK);
	assert_int_equal(enlist(scene, &request, SECOND_US, &soon), OK);
	assert_ptr_equal(soon->subscriber.ask, late->subscriber.ask);
	assert_true(scene->table.first_due_us == soon->subscriber.due_us);
	table_end_late(&scene->table, soon->subscriber.due_us - 1, &scene->ended);
	ended_tell(&scene->ended);
	assert_int_equal(soon->told, 0);
	table_end_late(&scene->table, soon->subscriber.due_us, &scene->ended);
	ended_tell(&scene->ended);
	assert_int_equal(soon->told, 1);
	assert_int_equal(soon->status, E_TIMEOUT);
	assert_false(soon->sent);
	assert_int_equal(late->told + sent->told, 0);
	assert_true(scene->table.first_due_us == sent->subscriber.due_us);
	table_end_late(&scene->table, late->subscriber.due_us, &scene->ended);
	ended_tell(&scene->ended);
	assert_int_equal(late->told, 1);
	assert_int_equal(sent->told, 1);
	assert_true(sent->sent);
	assert_true(scene->table.first_due_us == INT64_MAX);
	answer(scene, sent, true);
	assert_int_equal(sent->told, 1);
}

static void an_overdue_message_gives_its_slot_back(void **state)
{
	struct scene *scene = *state;
	struct asking *ask = asked(scene, WRITE, "{}");

	assert_non_null(taken(scene));
	table_expire(&scene->table, ask->subscriber.due_us - 1, &scene->ended);
	assert_int_equal(query_consumer(scene)->unanswered, 1);
	table_expire(&scene->table, ask->subscriber.due_us, &scene->ended);
	ended_tell(&scene->ended);
	assert_int_equal(query_consumer(scene)->unanswered, 0);
	assert_int_equal(ask->status, E_TIMEOUT);
	assert_true(ask->sent);
}

static void open_breaker(struct scene *scene)
{
	for (int i = 0; i < config.breaker_after; i++)
		give_up(scene, asked(scene, WRITE, "{}"));
}

static void an_open_breaker_refuses_everybody_for_a_while_after_a_probe(void **state)
{
	static struct rpc_config pausing;
	struct scene *scene = *state;
	struct rpc_request request = request_of(scene, WRITE, "{}");
	struct asking *none = NULL;

	pausing = config;
	pausing.breaker_pause_us = MINUTE_US;
	scene->table.config = &pausing;
	open_breaker(scene);
	struct asking *probe = asked(scene, WRITE, "{}");
	assert_non_null(taken(scene));
	give_up(scene, probe);
	assert_int_equal(enlist(scene, &request, MINUTE_US, &none), E_UNAVAILABLE);
}

static void an_open_breaker_lets_one_call_through(void **state)
{
	struct scene *scene = *state;
	struct rpc_request request = request_of(scene, WRITE, "{}"), other = request_of(scene, OTHER, "{}");
	struct asking *probe, *none = NULL;

	open_breaker(scene);
	probe = asked(scene, WRITE, "{}");
	assert_true(probe->subscriber.due_us <= monotonic_now() + SECOND_US);
	assert_int_equal(enlist(scene, &request, MINUTE_US, &none), E_UNAVAILABLE);
	assert_int_equal(enlist(scene, &other, MINUTE_US, &none), OK);
	assert_non_null(taken(scene));
	give_up(scene, probe);
	probe = asked(scene, WRITE, "{}");
	assert_int_equal(enlist(scene, &request, MINUTE_US, &none), E_UNAVAILABLE);
	assert_non_null(taken(scene));
	answer(scene, probe, true);
	assert_int_equal(enlist(scene, &request, MINUTE_US, &none), OK);
	assert_int_equal(query_consumer(scene)->time_outs, 0);
}

static void many_who_waited_for_one_item_are_one_time_out(void **state)
{
	struct scene *scene = *state;
	struct asking *asks[10];

	for (int i = 0; i < 10; i++)
		asks[i] = asked(scene, LOOK, "{}");
	for (int i = 0; i < 10; i++)
		give_up(scene, asks[i]);
	assert_int_equal(query_consumer(scene)->time_outs, 1);
}

static void a_consumer_that_is_slow_and_answers_others_keeps_its_breaker_shut(void **state)
{
	struct scene *scene = *state;
	struct asking *asks[10], *served;

	for (int i = 0; i < 10; i++)
		asks[i] = asked(scene, WRITE, "{}");
	served = asked(scene, WRITE, "{}");
	assert_non_null(taken(scene));
	for (const int64_t now = monotonic_now(); monotonic_now() == now;) /* the answer comes later than they did */
		;
	answer(scene, served, true);
	for (int i = 0; i < 10; i++)
		give_up(scene, asks[i]);
	assert_int_equal(query_consumer(scene)->time_outs, 0);
	for (const int64_t now = monotonic_now(); monotonic_now() == now;)
		;
	open_breaker(scene);
	assert_int_equal(query_consumer(scene)->time_outs, config.breaker_after);
}

static void a_late_answer_shows_that_the_consumer_lives(void **state)
{
	struct scene *scene = *state;
	struct asking *late = asked(scene, WRITE, "{}");
	const struct rpc_slice slice = {.id = late->id, .text = span_of("{\"status\":\"ok\"}")};

	assert_non_null(taken(scene));
	give_up(scene, late);
	open_breaker(scene);
	assert_true(table_answer(&scene->table, &slice, "answerer", &scene->ended));
	ended_tell(&scene->ended);
	assert_int_equal(query_consumer(scene)->time_outs, 0);
}

static void an_answer_of_somebody_elses_is_not_believed(void **state)
{
	struct scene *scene = *state;
	struct asking *asking = asked(scene, WRITE, "{}");
	const struct rpc_slice slice = {.id = asking->id, .text = span_of("{\"status\":\"ok\"}")};

	assert_non_null(taken(scene));
	assert_false(table_answer(&scene->table, &slice, "somebody", &scene->ended));
	assert_false(table_answer(&scene->table, &slice, NULL, &scene->ended));
	answer(scene, asking, true);
}

static void nothing_is_asked_without_a_connection(void **state)
{
	struct scene *scene = *state;
	struct rpc_request request = request_of(scene, WRITE, "{}");
	struct asking *none = NULL;

	scene->table.connected = false;
	assert_int_equal(enlist(scene, &request, MINUTE_US, &none), E_UNAVAILABLE);
	scene->table.connected = scene->table.blocked = true;
	assert_int_equal(enlist(scene, &request, MINUTE_US, &none), E_UNAVAILABLE);
}

#define each(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(the_window_holds_back_what_comes_meanwhile),
		each(a_slot_is_free_again_once_all_are_answered),
		each(a_message_has_256_items_and_256_kib_at_most),
		each(a_mixed_message_says_so),
		each(equal_reads_are_one_until_they_are_sent),
		each(writes_are_never_joined_unless_they_are_the_same_request),
		each(a_resend_with_a_later_deadline_is_sent_and_one_reply_serves_both),
		each(who_gives_up_before_it_is_sent_takes_it_along),
		each(each_gives_up_at_its_own_time_and_is_told_once),
		each(an_overdue_message_gives_its_slot_back),
		each(an_open_breaker_lets_one_call_through),
		each(an_open_breaker_refuses_everybody_for_a_while_after_a_probe),
		each(many_who_waited_for_one_item_are_one_time_out),
		each(a_consumer_that_is_slow_and_answers_others_keeps_its_breaker_shut),
		each(a_late_answer_shows_that_the_consumer_lives),
		each(an_answer_of_somebody_elses_is_not_believed),
		each(nothing_is_asked_without_a_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
