/* The parts of a call that need no service: routes, forms, views, problems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "edge/problem.h"
#include "edge/request_decode.h"
#include "edge/routes.h"
#include "edge/urlencoded.h"
#include "edge/views.h"
#include "proto/messages.h"
#include "json/json.h"

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

/* ---- routes ---- */

static void finds_a_route_by_method_and_path(void **state)
{
	static const struct {
		const char *method, *path;
		int type;
	} cases[] = {
		{"POST", "/v1/users", USERS_REGISTER},
		{"GET", "/v1/users/x", USERS_GET},
		{"HEAD", "/v1/users/x", USERS_GET},
		{"GET", "/users/x", USERS_GET},
		{"GET", "/.well-known/jwks.json", USERS_KEYS},
		{"POST", "/v1/products/x/stock", PRODUCTS_ADJUST_STOCK},
		{"GET", "/v1/orders/x/timeline", ORDERS_TIMELINE},
		{"POST", "/orders/x/cancel", ORDERS_CANCEL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route_match found = routes_match(cases[i].method, cases[i].path);

		assert_non_null(found.route);
		assert_int_equal(found.route->type, cases[i].type);
	}
}

static void returns_the_id_as_it_was_sent(void **state)
{
	struct route_match found = routes_match("POST", "/v1/orders/0193-abc/cancel");

	(void)state;
	assert_int_equal(found.id.size, 8);
	assert_memory_equal(found.id.bytes, "0193-abc", 8);
	assert_int_equal(routes_match("GET", "/v1/orders").id.size, 0);
}

static void matches_no_other_paths(void **state)
{
	static const char *const paths[] = {"",
					    "/",
					    "/v1",
					    "/v1/",
					    "/v2/users",
					    "/v1/users/",
					    "/v1/users/x/",
					    "/v1/users/x/y",
					    "/v1/v1/users",
					    "/v1/USERS",
					    "/v1users",
					    "//users",
					    "/v1/orders//cancel",
					    "/v1/orders/x/cancel/",
					    "/v1/orders/x/cancelled",
					    "/v1/users%2fx",
					    "/v1//users",
					    "/v1/products/x/stock/y"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (routes_match("GET", paths[i]).path_known)
			fail_msg("found: %s", paths[i]);
}

static void lists_the_methods_of_a_path(void **state)
{
	(void)state;
	assert_true(routes_match("PUT", "/v1/products/x").path_known);
	assert_null(routes_match("PUT", "/v1/products/x").route);
	assert_string_equal(routes_allow(&arena, "/products/x"), "GET, HEAD, PATCH, DELETE, OPTIONS");
	assert_string_equal(routes_allow(&arena, "/v1/auth/token"), "POST, OPTIONS");
	assert_string_equal(routes_allow(&arena, "/v1/orders"), "POST, GET, HEAD, OPTIONS");
	assert_null(routes_allow(&arena, "/v1/nothing"));
}

static void routes_use_only_messages_that_the_edge_may_send(void **state)
{
	(void)state;
	for (const struct route *route = routes; route->method != NULL; route++) {
		const struct message_type *type = &comanda_contract.types[route->type];

		assert_int_equal(type->kind, REQUEST);
		assert_string_equal(type->producer, "edge-http");
		assert_non_null(route->handle);
		assert_true(strstr(route->path, "{id}") == NULL || type->schema != NULL);
	}
}

/* ---- forms ---- */

static const char *json_of(const char *form, const struct schema *schema)
{
	struct buffer text;
	const char *json = NULL;

	buffer_init(&text);
	if (urlencoded_to_json(span_of(form), schema, &text) == OK)
		json = arena_text(&arena, text.bytes);
	buffer_done(&text);
	return json;
}

static void turns_a_query_into_json(void **state)
{
	static const struct {
		const char *form, *json;
	} cases[] = {
		{"", "{}"},
		{"limit=5&cursor=abc", "{\"limit\":5,\"cursor\":\"abc\"}"},
		{"q=caf%C3%A9+noir%20%26", "{\"q\":\"caf\xc3\xa9 noir &\"}"},
		{"q=5", "{\"q\":\"5\"}"},
		{"limit=05", "{\"limit\":\"05\"}"},
		{"limit=-5", "{\"limit\":\"-5\"}"},
		{"limit=1e1", "{\"limit\":\"1e1\"}"},
		{"limit=9999999999999999", "{\"limit\":\"9999999999999999\"}"},
		{"limit", "{\"limit\":\"\"}"},
		{"a=b=c&&d", "{\"a\":\"b=c\",\"d\":\"\"}"},
		{"%22=%5C", "{\"\\\"\":\"\\\\\"}"},
		{"&", "{}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(json_of(cases[i].form, &products_list_schema), cases[i].json);
}

static void refuses_a_broken_percent_sign(void **state)
{
	static const char *const forms[] = {"q=%", "q=%4", "q=%zz", "q=%4g", "%=1", "q=%00", "q=a%2", "q=%ff", "q=%c3"};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_null(json_of(forms[i], &products_list_schema));
}

static void the_public_schema_omits_fields_that_the_edge_fills(void **state)
{
	static const struct field more = {.name = "more", .type = F_TEXT};
	const struct schema *open = public_schema(&arena, &products_change_schema, NULL);
	const struct schema *wider = public_schema(&arena, &tokens_grant_schema, &more);

	(void)state;
	for (const struct field *field = open->fields; field->name != NULL; field++) {
		assert_string_not_equal(field->name, "id");
		assert_string_not_equal(field->name, "expected_version");
	}
	assert_string_equal(open->fields[0].name, "sku");
	assert_int_equal(open->size, sizeof(struct products_change));
	assert_string_equal(wider->fields[2].name, "more");
	assert_int_equal(wider->fields[2].offset, sizeof(struct tokens_grant));
	assert_true(wider->size >= wider->fields[2].offset + sizeof(char *));
}

/* ---- views: members of JSON that the schemas write ---- */

static struct span encoded(const struct schema *schema, const void *body)
{
	struct buffer text;
	struct span span;

	buffer_init(&text);
	json_encode(&text, schema, body);
	span = (struct span){arena_copy(&arena, text.bytes, text.size), text.size};
	buffer_done(&text);
	return span;
}

static void finds_id_and_version_of_every_view(void **state)
{
	const struct uuid id = uuid_of_text("test", "id", 2);
	const struct user_view user = {.id = id, .email = "e", .name = "\"version\":9}", .version = 1234567};
	const struct product_view product = {
		.id = id, .sku = "s", .name = "n", .description = "d", .currency = "EUR", .version = 1};
	const struct order_view order = {.id = id, .user_id = id, .total_cents = INT_ABSENT, .version = 42};
	char expected[UUID_TEXT + 1], found[UUID_TEXT + 1];

	(void)state;
	uuid_text(&id, expected);
	assert_int_equal(view_id(encoded(&user_view_schema, &user), found), OK);
	assert_string_equal(found, expected);
	assert_int_equal(view_id(encoded(&product_view_schema, &product), found), OK);
	assert_string_equal(found, expected);
	assert_int_equal(view_id(encoded(&order_view_schema, &order), found), OK);
	assert_string_equal(found, expected);
	assert_int_equal(view_version(encoded(&user_view_schema, &user)), 1234567);
	assert_int_equal(view_version(encoded(&product_view_schema, &product)), 1);
	assert_int_equal(view_version(encoded(&order_view_schema, &order)), 42);
}

static void finds_no_version_in_other_text(void **state)
{
	static const char *const texts[] = {
		"", "}", "{}", "5}", "{\"version\":}", "{\"version\":5", "{\"versions\":5}", "{\"version\":\"5\"}"};
	char id[UUID_TEXT + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(view_version(span_of(texts[i])), INT_ABSENT);
		assert_int_equal(view_id(span_of(texts[i]), id), E_NOT_FOUND);
	}
}

/* ---- problems ---- */

static struct rpc_reply refusal(enum status status)
{
	return (struct rpc_reply){.status = status};
}

static void maps_every_status_to_an_http_status(void **state)
{
	static const struct {
		enum status status;
		int http;
		const char *code;
	} cases[] = {
		{E_MALFORMED, 400, "malformed"},
		{E_INVALID, 422, "invalid"},
		{E_UNAUTHENTICATED, 401, "unauthenticated"},
		{E_FORBIDDEN, 403, "forbidden"},
		{E_NOT_FOUND, 404, "not_found"},
		{E_CONFLICT, 409, "conflict"},
		{E_PRECONDITION, 412, "precondition_failed"},
		{E_KEY_REUSED, 422, "key_reused"},
		{E_EXPIRED, 504, "expired"},
		{E_BUSY, 503, "busy"},
		{E_UNAVAILABLE, 503, "unavailable"},
		{E_TIMEOUT, 504, "timeout"},
		{E_INTERNAL, 500, "internal"},
		{E_STALE, 500, "internal"}, /* not an answer for a client */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpc_reply reply = refusal(cases[i].status);
		struct problem problem = problem_of_reply(&reply, READS, &arena);

		assert_int_equal(problem.status, cases[i].http);
		assert_string_equal(problem.code, cases[i].code);
		assert_non_null(problem.detail);
	}
	for (int status = E_MALFORMED; status < STATUS_COUNT; status++)
		assert_non_null(problem_of((enum status)status, NULL).detail);
}

static void passes_on_the_refusal_of_a_service(void **state)
{
	struct rpc_reply reply = {.status = E_CONFLICT, .code = "email_taken", .detail = "taken", .field = "email"};
	struct problem problem = problem_of_reply(&reply, WRITES, &arena);

	(void)state;
	assert_int_equal(problem.status, 409);
	assert_string_equal(problem.code, "email_taken");
	assert_string_equal(problem.errors.bytes, "[{\"field\":\"email\",\"message\":\"taken\"}]");
}

static void hides_the_details_of_internal_errors(void **state)
{
	struct rpc_reply reply = {.status = E_INTERNAL, .code = "assert", .detail = "secret.c:42"};
	struct problem problem = problem_of_reply(&reply, WRITES, &arena);

	(void)state;
	assert_int_equal(problem.status, 500);
	assert_string_equal(problem.code, "internal");
	assert_null(strstr(problem.detail, "secret"));
}

static void advises_the_client_if_the_outcome_is_not_known(void **state)
{
	struct rpc_reply timeout = refusal(E_TIMEOUT), away = refusal(E_UNAVAILABLE);

	(void)state;
	assert_non_null(strstr(problem_of_reply(&timeout, WRITES_WITH_KEY, &arena).detail, "same Idempotency-Key"));
	assert_non_null(strstr(problem_of_reply(&timeout, WRITES, &arena).detail, "not known"));
	assert_null(strstr(problem_of_reply(&timeout, READS, &arena).detail, "not known"));
	assert_null(strstr(problem_of_reply(&away, WRITES_WITH_KEY, &arena).detail, "not known"));
	away.sent = true;
	assert_non_null(strstr(problem_of_reply(&away, WRITES_WITH_KEY, &arena).detail, "not known"));
}

static const char *header_of(const struct http_response *response, const char *name)
{
	struct http_request seen = {.headers = response->headers, .header_count = response->header_count};

	return http_header(&seen, name);
}

static void writes_valid_problem_json(void **state)
{
	struct http_request request = {.method = "GET", .path = "/v1/\"odd\"", .arena = &arena};
	struct http_response response = {.status = 0};
	struct problem problem = problem_of(E_UNAVAILABLE, "line\nbreak");
	struct faults faults = {.count = 0};
	const struct json *json = NULL;

	(void)state;
	problem.members = span_of("\"order\":null");
	problem_respond(&problem, &request, &response);
	assert_int_equal(response.status, 503);
	assert_string_equal(header_of(&response, "Content-Type"), "application/problem+json");
	assert_string_equal(header_of(&response, "Retry-After"), "1");
	assert_int_equal(json_parse(&arena, response.body, &faults, &json), OK);
	assert_string_equal(json_text(json_member(json, "type")), "about:blank");
	assert_string_equal(json_text(json_member(json, "title")), "Service Unavailable");
	assert_string_equal(json_text(json_member(json, "detail")), "line\nbreak");
	assert_string_equal(json_text(json_member(json, "instance")), "/v1/\"odd\"");
	assert_string_equal(json_text(json_member(json, "code")), "unavailable");
	assert_non_null(json_member(json, "order"));
	assert_null(json_member(json, "errors"));
}

static void names_each_faulty_field(void **state)
{
	struct faults faults = {.count = 0};
	struct problem problem;

	(void)state;
	faults_add(&faults, &arena, "items[0].quantity", "must be at least 1");
	problem = problem_of_faults(E_INVALID, "The body", &faults, &arena);
	assert_string_equal(problem.detail, "The body: \"items[0].quantity\" must be at least 1.");
	for (int i = 0; i < 20; i++)
		faults_add(&faults, &arena, "note", "is \"too\" long");
	problem = problem_of_faults(E_INVALID, "The body", &faults, &arena);
	assert_int_equal(problem.status, 422);
	assert_string_equal(problem.detail, "The body has 21 faults.");
	assert_non_null(strstr(problem.errors.bytes, "{\"field\":\"note\",\"message\":\"is \\\"too\\\" long\"}]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_route_by_method_and_path),
		cmocka_unit_test(returns_the_id_as_it_was_sent),
		cmocka_unit_test(matches_no_other_paths),
		cmocka_unit_test(lists_the_methods_of_a_path),
		cmocka_unit_test(routes_use_only_messages_that_the_edge_may_send),
		cmocka_unit_test(turns_a_query_into_json),
		cmocka_unit_test(refuses_a_broken_percent_sign),
		cmocka_unit_test(the_public_schema_omits_fields_that_the_edge_fills),
		cmocka_unit_test(finds_id_and_version_of_every_view),
		cmocka_unit_test(finds_no_version_in_other_text),
		cmocka_unit_test(maps_every_status_to_an_http_status),
		cmocka_unit_test(passes_on_the_refusal_of_a_service),
		cmocka_unit_test(hides_the_details_of_internal_errors),
		cmocka_unit_test(advises_the_client_if_the_outcome_is_not_known),
		cmocka_unit_test(writes_valid_problem_json),
		cmocka_unit_test(names_each_faulty_field),
	};

	json_init();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
