/* The JSON of requests and replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/wire.h"

struct greeting {
	const char *name;
};
static const struct schema greeting_schema = {
	.name = "greeting",
	.size = sizeof(struct greeting),
	.fields = (const struct field[]){field_text(struct greeting, name, REQUIRED, 1, 10), field_end}};

enum { GREET, LIST_ALL, GREETED, TYPES };
static const struct message_type types[TYPES] = {
	[GREET] = {.name = "test.greet",
		   .kind = REQUEST,
		   .version = 1,
		   .producer = "edge",
		   .queue = "test.command",
		   .schema = &greeting_schema},
	[LIST_ALL] = {.name = "test.list", .kind = REQUEST, .version = 1, .producer = "edge", .queue = "test.query"},
	[GREETED] =
		{.name = "test.greeted", .kind = EVENT, .version = 1, .producer = "test", .schema = &greeting_schema},
};
enum { NOBODY, READER };
static const char *const roles[] = {"nobody", "reader", NULL};
static const struct contract contract = {.types = types, .count = TYPES, .roles = roles};

static const char request_a[] = "{\"id\":\"01930000-0000-7000-8000-00000000000a\",\"type\":\"test.greet\","
				"\"time\":\"2026-11-22T01:20:28.123456Z\",\"deadline\":\"2026-11-22T01:20:30Z\","
				"\"caller\":{\"user_id\":\"01930000-0000-7000-8000-0000000000aa\","
				"\"session_id\":\"01930000-0000-7000-8000-0000000000ab\",\"role\":\"reader\"},"
				"\"traceparent\":\"00-1-2-01\",\"data\":{\"name\":\"Ada\"}}";

static struct uuid id_of(const char *text)
{
	struct uuid id = {{0}};

	assert_int_equal(uuid_parse(text, strlen(text), &id), OK);
	return id;
}

static struct rpc_items read_all(struct arena *arena, const char *body)
{
	struct rpc_items items = {.count = 0};

	assert_int_equal(rpc_wire_read_requests(span_of(body), &contract, arena, &items), OK);
	return items;
}

static void reads_a_single_request(void **state)
{
	struct arena *arena = *state;
	struct rpc_items items = read_all(arena, request_a);
	const struct rpc_item *item = &items.items[0];
	struct faults faults = {.count = 0};
	struct greeting greeting = {.name = NULL};
	struct uuid user = id_of("01930000-0000-7000-8000-0000000000aa");

	assert_int_equal(items.count, 1);
	assert_int_equal(item->status, OK);
	assert_int_equal(item->message.type, GREET);
	assert_string_equal(item->id_text, "01930000-0000-7000-8000-00000000000a");
	assert_true(uuid_equal(&item->message.caller.user_id, &user));
	assert_int_equal(item->message.caller.role, READER);
	assert_string_equal(item->message.traceparent, "00-1-2-01");
	assert_int_equal(item->message.deadline_us - item->message.time_us, 2 * SECOND_US - 123456);
	assert_int_equal(json_read(item->data, &greeting_schema, UNKNOWN_REFUSED, arena, &faults, &greeting), OK);
	assert_string_equal(greeting.name, "Ada");
}

static void writes_what_it_reads(void **state)
{
	struct arena *arena = *state;
	const struct rpc_item *item = &read_all(arena, request_a).items[0];
	const struct message *message = &item->message;
	const struct rpc_request request = {.type = message->type,
					    .id = message->id,
					    .caller = message->caller,
					    .time_us = message->time_us,
					    .deadline_us = message->deadline_us,
					    .traceparent = message->traceparent,
					    .data = span_of("{\"name\":\"Ada\"}")};
	struct buffer text;

	buffer_init(&text);
	rpc_request_write(&text, &contract, &request);
	assert_int_equal(read_all(arena, text.bytes).items[0].status, OK);
	assert_non_null(strstr(text.bytes, "\"caller\":{\"user_id\":\"01930000-0000-7000-8000-0000000000aa\","
					   "\"session_id\":\"01930000-0000-7000-8000-0000000000ab\","
					   "\"role\":\"reader\"},\"traceparent\":\"00-1-2-01\","
					   "\"data\":{\"name\":\"Ada\"}}"));
	buffer_done(&text);
}

static void refuses_a_role_that_the_contract_does_not_have(void **state)
{
	struct arena *arena = *state;
	const struct rpc_item *item =
		&read_all(arena, "{\"id\":\"01930000-0000-7000-8000-00000000000a\",\"type\":\"test.greet\","
				 "\"time\":\"2026-11-22T01:20:28Z\",\"deadline\":\"2026-11-22T01:20:30Z\","
				 "\"caller\":{\"user_id\":\"01930000-0000-7000-8000-0000000000aa\",\"role\":\"root\"},"
				 "\"data\":{\"name\":\"Ada\"}}")
			 .items[0];

	assert_int_equal(item->status, E_INVALID);
	assert_int_equal(item->faults->count, 1);
	assert_string_equal(item->faults->items[0].field, "caller.role");
}

static void omits_a_caller_who_is_not_signed_in(void **state)
{
	const struct rpc_request request = {.type = LIST_ALL, .id = uuid_new(1), .deadline_us = SECOND_US};
	struct buffer text;
	struct rpc_items items;

	buffer_init(&text);
	rpc_request_write(&text, &contract, &request);
	assert_null(strstr(text.bytes, "caller"));
	assert_null(strstr(text.bytes, "traceparent"));
	items = read_all(*state, text.bytes);
	assert_int_equal(items.items[0].status, OK);
	assert_true(uuid_is_nil(&items.items[0].message.caller.user_id));
	assert_int_equal(items.items[0].message.caller.role, NOBODY);
	assert_non_null(items.items[0].data);
	buffer_done(&text);
}

static void a_faulty_item_does_not_affect_the_others(void **state)
{
	struct arena *arena = *state;
	char *body = arena_format(arena,
				  "[%s,{\"id\":\"01930000-0000-7000-8000-00000000000b\",\"type\":\"test.greet\"},7,"
				  "{\"id\":\"01930000-0000-7000-8000-00000000000c\",\"type\":\"test.sing\","
				  "\"time\":\"2026-11-22T01:20:28Z\",\"deadline\":\"2026-11-22T01:20:28Z\"},"
				  "{\"id\":\"01930000-0000-7000-8000-00000000000d\",\"type\":\"test.greeted\","
				  "\"time\":\"2026-11-22T01:20:28Z\",\"deadline\":\"2026-11-22T01:20:28Z\"},%s]",
				  request_a, request_a);
	struct rpc_items items = read_all(arena, body);

	assert_int_equal(items.count, 6);
	assert_int_equal(items.items[0].status, OK);
	assert_int_equal(items.items[1].status, E_INVALID);
	assert_int_equal(items.items[1].faults->count, 2);
	assert_string_equal(items.items[1].id_text, "01930000-0000-7000-8000-00000000000b");
	assert_int_not_equal(items.items[2].status, OK);
	assert_null(items.items[2].id_text);
	assert_int_equal(items.items[3].status, E_UNKNOWN_TYPE);
	assert_string_equal(items.items[3].type_name, "test.sing");
	assert_int_equal(items.items[3].message.type, -1);
	assert_int_equal(items.items[4].status, E_UNKNOWN_TYPE);
	assert_int_equal(items.items[5].status, OK);
}

static void a_malformed_id_is_answered_by_its_text(void **state)
{
	struct rpc_items items = read_all(*state, "{\"id\":\"seven\",\"type\":\"test.greet\"}");

	assert_int_equal(items.items[0].status, E_INVALID);
	assert_string_equal(items.items[0].id_text, "seven");
}

static void refuses_a_malformed_message(void **state)
{
	static const char *const bodies[] = {"", "{", "[]", "nonsense", "[{},"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct rpc_items items = {.count = 77};

		assert_int_equal(rpc_wire_read_requests(span_of(bodies[i]), &contract, *state, &items), E_MALFORMED);
		assert_int_equal(items.count, 77);
		assert_int_equal(items.faults.count, 1);
	}
}

static void refuses_a_list_of_257(void **state)
{
	struct rpc_bundle bundle;
	struct rpc_items items;
	struct span body;

	rpc_bundle_init(&bundle);
	for (int i = 0; i < RPC_ITEMS_MAX; i++)
		rpc_bundle_add(&bundle, span_of(request_a));
	body = rpc_bundle_body(&bundle);
	assert_int_equal(rpc_wire_read_requests(body, &contract, *state, &items), OK);
	assert_int_equal(items.count, RPC_ITEMS_MAX);
	rpc_bundle_clear(&bundle);
	for (int i = 0; i < RPC_ITEMS_MAX + 1; i++)
		rpc_bundle_add(&bundle, span_of(request_a));
	assert_int_equal(rpc_wire_read_requests(rpc_bundle_body(&bundle), &contract, *state, &items), E_MALFORMED);
	rpc_bundle_done(&bundle);
}

/* ---- replies ---- */

static void add_reply(struct rpc_bundle *bundle, const char *id, const struct rpc_answer *answer)
{
	struct buffer text;

	buffer_init(&text);
	rpc_answer_write(&text, answer);
	rpc_bundle_reply(bundle, id, (struct span){text.bytes, text.size});
	buffer_done(&text);
}

static void a_single_reply_is_an_object(void **state)
{
	const struct rpc_answer good = {.status = OK};
	struct rpc_bundle bundle;

	(void)state;
	rpc_bundle_init(&bundle);
	add_reply(&bundle, "seven", &good);
	assert_string_equal(rpc_bundle_body(&bundle).bytes, "{\"id\":\"seven\",\"status\":\"ok\",\"data\":{}}");
	rpc_bundle_done(&bundle);
}

static void replies_are_read_as_they_were_written(void **state)
{
	static const struct refusal refusal = {E_CONFLICT, "email_taken", "A \"quote\" and \xc3\xa9", "email"};
	const struct rpc_answer good = {.status = OK, .data = span_of("{\"a\":[1,{\"b\":\"}]\\\"\"}],\"id\":3}")};
	const struct rpc_answer bad = {.status = E_CONFLICT, .refusal = &refusal};
	struct rpc_bundle bundle;
	struct rpc_slices slices;
	struct rpc_reply reply = {.sent = true};
	struct uuid a = id_of("01930000-0000-7000-8000-00000000000a");

	rpc_bundle_init(&bundle);
	add_reply(&bundle, "01930000-0000-7000-8000-00000000000a", &good);
	add_reply(&bundle, "not an id", &good);
	add_reply(&bundle, "01930000-0000-7000-8000-00000000000b", &bad);
	assert_int_equal(rpc_wire_slice(rpc_bundle_body(&bundle), *state, &slices), OK);
	assert_int_equal(slices.count, 2);
	assert_int_equal(slices.skipped, 1);
	assert_true(uuid_equal(&slices.items[0].id, &a));

	assert_int_equal(rpc_answer_read(slices.items[0].text, *state, &reply), OK);
	assert_int_equal(reply.status, OK);
	assert_true(reply.sent);
	assert_string_equal(reply.data.bytes, "{\"a\":[1,{\"b\":\"}]\\\"\"}],\"id\":3}");
	assert_null(reply.code);

	assert_int_equal(rpc_answer_read(slices.items[1].text, *state, &reply), OK);
	assert_int_equal(reply.status, E_CONFLICT);
	assert_int_equal(reply.data.size, 0);
	assert_string_equal(reply.code, "email_taken");
	assert_string_equal(reply.detail, "A \"quote\" and \xc3\xa9");
	assert_string_equal(reply.field, "email");
	assert_non_null(strstr(reply.errors.bytes, "\"field\":\"email\""));
	rpc_bundle_done(&bundle);
}

static void faults_become_errors(void **state)
{
	struct faults faults = {.count = 0};
	const struct rpc_answer answer = {.status = E_INVALID, .faults = &faults};
	struct rpc_reply reply;
	struct buffer text;

	for (int i = 0; i < 20; i++)
		faults_add(&faults, *state, i == 0 ? "items[0].quantity" : "other", "must be \"%d\"", i);
	buffer_init(&text);
	rpc_answer_write(&text, &answer);
	assert_int_equal(rpc_answer_read((struct span){text.bytes, text.size}, *state, &reply), OK);
	assert_int_equal(reply.status, E_INVALID);
	assert_string_equal(reply.code, status_rule(E_INVALID)->code);
	assert_string_equal(reply.field, "items[0].quantity");
	assert_memory_equal(reply.errors.bytes, "[{\"field\":\"items[0].quantity\",\"message\":\"must be \\\"0\\\"\"},",
			    20);
	buffer_done(&text);
}

static void every_status_is_read_as_it_was_written(void **state)
{
	for (int status = OK; status < STATUS_COUNT; status++) {
		const struct rpc_answer answer = {.status = (enum status)status};
		struct rpc_reply reply;
		struct buffer text;

		buffer_init(&text);
		rpc_answer_write(&text, &answer);
		assert_int_equal(rpc_answer_read((struct span){text.bytes, text.size}, *state, &reply), OK);
		assert_int_equal(reply.status, status);
		buffer_done(&text);
	}
}

static void unreadable_replies_are_refused(void **state)
{
	static const char *const bodies[] = {"",     "7",          "[",    "[]",          "{",         "[{}",
					     "{}{}", "{\"id\":\"", "[{},", "{\"a\":\"\\", "[{}]extra", "[{} {}]"};
	struct rpc_slices slices = {.count = 77};
	struct rpc_reply reply = {.status = E_STALE};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		assert_int_equal(rpc_wire_slice(span_of(bodies[i]), *state, &slices), E_MALFORMED);
		assert_int_equal(slices.count, 77);
	}
	assert_int_equal(rpc_answer_read(span_of("{\"status\":7}"), *state, &reply), E_MALFORMED);
	assert_int_equal(rpc_answer_read(span_of("[]"), *state, &reply), E_MALFORMED);
	assert_int_equal(rpc_answer_read(span_of(""), *state, &reply), E_MALFORMED);
	assert_int_equal(reply.status, E_STALE);
	assert_int_equal(rpc_answer_read(span_of("{\"status\":\"a riddle\"}"), *state, &reply), OK);
	assert_int_equal(reply.status, E_INTERNAL);
}

static int new_arena(void **state)
{
	static struct arena arena;

	json_init();
	arena_init(&arena);
	*state = &arena;
	return 0;
}

static int drop_arena(void **state)
{
	arena_done(*state);
	return 0;
}

#define each(test) cmocka_unit_test_setup_teardown(test, new_arena, drop_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(reads_a_single_request),
		each(writes_what_it_reads),
		each(refuses_a_role_that_the_contract_does_not_have),
		each(omits_a_caller_who_is_not_signed_in),
		each(a_faulty_item_does_not_affect_the_others),
		each(a_malformed_id_is_answered_by_its_text),
		each(refuses_a_malformed_message),
		each(refuses_a_list_of_257),
		each(a_single_reply_is_an_object),
		each(replies_are_read_as_they_were_written),
		each(faults_become_errors),
		each(every_status_is_read_as_it_was_written),
		each(unreadable_replies_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
