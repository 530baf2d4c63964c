/* Whole calls, from request to response, with stubs of the services: the request of each route, its answer, and the
 * order of the checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "edge/call.h"
#include "edge/rate_limits.h"
#include "proto/messages.h"

#define ID    "01930000-0000-7000-8000-000000000001"
#define ORDER "{\"id\":\"" ID "\",\"user_id\":\"" ID "\",\"status\":\"%s\"%s,\"items\":[],\"version\":1}"

static struct arena arena;
static struct edge_settings settings;
static struct edge edge;
static struct http_response response;

/* ---- the services ---- */

static struct service {
	struct rpc_request request; /* the last one; its data is copied to `data` */
	const char *data;           /* of the request */
	int count, polls;
	struct rpc_reply reply;
	const char *queue;
	const char *outcome; /* orders: the status at the second query; NULL: not used */
} service;

static struct span order_json(const char *status)
{
	const char *reason = strcmp(status, "rejected") == 0
				     ? ",\"reason\":{\"code\":\"out_of_stock\",\"detail\":\"none left\"}"
				     : "";

	return span_of(arena_format(&arena, ORDER, status, reason));
}

enum status rpc_call(struct rpc *rpc, const struct rpc_request *request, struct arena *into,
		     struct rpc_reply *ret_reply)
{
	(void)rpc;
	*ret_reply = service.reply;
	service.count++;
	if (request->type == ORDERS_GET && service.outcome != NULL) {
		service.polls++;
		ret_reply->data = order_json(service.polls < 2 ? "pending" : service.outcome);
		return ret_reply->status;
	}
	service.request = *request;
	service.data = arena_copy(into, request->data.bytes, request->data.size);
	service.queue = request->queue;
	return ret_reply->status;
}

void rpc_call_async(struct rpc *rpc, const struct rpc_request *request, struct arena *into, rpc_done *done,
		    void *context)
{
	struct rpc_reply reply;

	(void)!rpc_call(rpc, request, into, &reply);
	done(context, &reply);
}

static int signature_checks;

/* The stub remembers the token "known". */
bool auth_remembers(struct auth *auth, const char *token, struct caller *ret_caller)
{
	(void)auth;
	if (strcmp(token, "known") != 0)
		return false;
	*ret_caller = (struct caller){.user_id = {{7}}, .role = CALLER_CUSTOMER};
	return true;
}

/* The stub takes names as tokens. */
enum status auth_verify(struct auth *auth, const char *token, struct arena *into, struct caller *ret_caller)
{
	(void)auth, (void)into;
	signature_checks++;
	if (strcmp(token, "away") == 0)
		return E_UNAVAILABLE;
	if (strcmp(token, "admin") != 0 && strcmp(token, "ann") != 0)
		return E_UNAUTHENTICATED;
	*ret_caller = (struct caller){.user_id = {{(uint8_t)token[1]}},
				      .role = strcmp(token, "admin") == 0 ? CALLER_ADMIN : CALLER_CUSTOMER};
	return OK;
}

/* ---- the client ---- */

static struct http_header sent[8];
static int sent_count;

static void with(const char *name, const char *value)
{
	sent[sent_count++] = (struct http_header){name, value};
}

static void as(const char *user)
{
	with("Authorization", arena_format(&arena, "Bearer %s", user));
}

/* Calls the edge with the headers added by `with`, and removes them. `target`: path and query. Returns the status. */
static int send_request(const char *method, const char *target, const char *body)
{
	char *path = arena_text(&arena, target);
	char *query = strchr(path, '?');
	struct http_request request = {
		.method = method, .path = path, .peer = "192.0.2.1", .headers = sent, .header_count = sent_count};

	if (query != NULL)
		*query++ = '\0';
	request.query = query;
	request.body = span_of(body != NULL ? body : "");
	request.arena = &arena;
	response = (struct http_response){.status = 0};
	call_answer(&edge, &request, &response);
	sent_count = 0;
	return response.status;
}

static int send_json(const char *method, const char *target, const char *body)
{
	with("Content-Type", "application/json");
	return send_request(method, target, body);
}

static const char *header(const char *name)
{
	struct http_request seen = {.headers = response.headers, .header_count = response.header_count};

	return http_header(&seen, name);
}

static const struct json *answer(void)
{
	struct faults faults = {.count = 0};
	const struct json *json = NULL;

	assert_int_equal(json_parse(&arena, response.body, &faults, &json), OK);
	return json;
}

static const char *code(void)
{
	return json_text(json_member(answer(), "code"));
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	settings = (struct edge_settings){.cors_origins = "", .http_threads = 8, .rpc_deadline_us = 2 * SECOND_US};
	edge = (struct edge){.settings = &settings};
	service = (struct service){.reply = {.status = OK, .data = span_of("{\"id\":\"" ID "\",\"version\":3}")}};
	sent_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

/* ---- reading ---- */

static void forwards_a_product_with_its_etag(void **state)
{
	(void)state;
	assert_int_equal(send_request("GET", "/v1/products/" ID, NULL), 200);
	assert_int_equal(service.request.type, PRODUCTS_GET);
	assert_string_equal(service.data, "{\"id\":\"" ID "\"}");
	assert_true(service.request.mergeable);
	assert_int_equal(service.request.caller.role, CALLER_NOBODY);
	assert_string_equal(header("ETag"), "\"3\"");
	assert_string_equal(header("Content-Type"), "application/json");
	assert_string_equal(response.body.bytes, "{\"id\":\"" ID "\",\"version\":3}");
}

static void answers_not_modified_if_the_client_has_the_version(void **state)
{
	(void)state;
	with("If-None-Match", "\"2\", \"3\"");
	assert_int_equal(send_request("GET", "/products/" ID, NULL), 304);
	assert_string_equal(header("ETag"), "\"3\"");
	with("If-None-Match", "\"2\"");
	assert_int_equal(send_request("GET", "/products/" ID, NULL), 200);
	with("If-None-Match", "\"2\"");
	with("if-none-match", "\"3\"");
	assert_int_equal(send_request("GET", "/products/" ID, NULL), 304);
}

static void turns_the_query_into_the_message_of_a_page(void **state)
{
	(void)state;
	assert_int_equal(send_request("GET", "/v1/products", NULL), 200);
	assert_string_equal(service.data, "{\"limit\":20}");
	assert_int_equal(send_request("GET", "/v1/products?q=a+b&status=active&cursor=xyz&limit=100", NULL), 200);
	assert_string_equal(service.data, "{\"limit\":100,\"cursor\":\"xyz\",\"q\":\"a b\",\"status\":\"active\"}");
}

static void refuses_a_malformed_query(void **state)
{
	static const char *const targets[] = {"/v1/products?limit=0",         "/v1/products?limit=101",
					      "/v1/products?limit=x",         "/v1/products?limit=",
					      "/v1/products?limit=1&limit=2", "/v1/products?status=odd",
					      "/v1/products?page=2",          "/v1/products?q=%",
					      "/v1/products?q=%ff",           ("/v1/products?user_id=" ID),
					      "/v1/products?q=%00",           ("/v1/products/" ID "?x=1"),
					      "/v1/products?limit=1%30%30%30"};

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (send_request("GET", targets[i], NULL) != 400)
			fail_msg("%s: %d", targets[i], response.status);
	assert_int_equal(service.count, 0);
}

static void lists_the_methods_of_a_path(void **state)
{
	(void)state;
	assert_int_equal(send_request("OPTIONS", "/v1/products/" ID, NULL), 204);
	assert_string_equal(header("Allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
	assert_int_equal(send_request("OPTIONS", "/v1/nothing", NULL), 404);
	assert_int_equal(send_request("HEAD", "/v1/products/" ID, NULL), 200);
	assert_int_equal(send_request("PUT", "/v1/products/" ID, "{}"), 405);
	assert_string_equal(header("Allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
	assert_string_equal(code(), "method_not_allowed");
}

static void allows_listed_origins_and_their_preflight_requests(void **state)
{
	(void)state;
	settings.cors_origins = "https://shop.example";
	with("Origin", "https://shop.example");
	with("Access-Control-Request-Method", "POST");
	assert_int_equal(send_request("OPTIONS", "/v1/orders", NULL), 204);
	assert_string_equal(header("Access-Control-Allow-Origin"), "https://shop.example");
	assert_string_equal(header("Access-Control-Allow-Methods"), "POST, GET, HEAD, OPTIONS");
	with("Origin", "https://evil.example");
	assert_int_equal(send_request("GET", "/v1/products", NULL), 200);
	assert_null(header("Access-Control-Allow-Origin"));
	assert_string_equal(header("Vary"), "Origin");
}

/* ---- callers ---- */

static void refuses_a_call_without_a_valid_token(void **state)
{
	(void)state;
	assert_int_equal(send_request("GET", "/v1/orders", NULL), 401);
	assert_string_equal(header("WWW-Authenticate"), "Bearer");
	as("forged");
	assert_int_equal(send_request("GET", "/v1/orders", NULL), 401);
	assert_string_equal(header("WWW-Authenticate"), "Bearer error=\"invalid_token\"");
	with("Authorization", "Basic YTpi");
	assert_int_equal(send_request("GET", "/v1/orders", NULL), 401);
	as("away");
	assert_int_equal(send_request("GET", "/v1/orders", NULL), 503);
	assert_string_equal(header("Retry-After"), "1");
	assert_int_equal(service.count, 0);
	as("ann");
	assert_int_equal(send_request("GET", "/v1/orders", NULL), 200);
	assert_int_equal(service.request.caller.role, CALLER_CUSTOMER);
}

static void checks_no_signature_for_an_address_with_too_many_refused_tokens(void **state)
{
	(void)state;
	settings.limit_burst = 2;
	settings.limit_rate = 1;
	settings.limit_exempt = settings.http_trusted_proxies = "";
	edge.rate_limits = rate_limits_new(&settings);
	signature_checks = 0;
	for (int i = 0; i < 10; i++) {
		as("forged");
		assert_int_equal(send_request("GET", "/v1/orders", NULL), i < 2 ? 401 : 429);
	}
	assert_int_equal(signature_checks, 2);
	as("known");
	assert_int_equal(send_request("GET", "/v1/orders", NULL), 200);
	rate_limits_free(edge.rate_limits);
	edge.rate_limits = NULL;
}

static void refuses_customers_on_routes_of_admins(void **state)
{
	(void)state;
	as("ann");
	assert_int_equal(send_request("GET", "/v1/users", NULL), 403);
	as("ann");
	assert_int_equal(send_json("POST", "/v1/products", "{}"), 403);
	as("admin");
	assert_int_equal(send_request("GET", "/v1/users", NULL), 200);
}

/* ---- the order of checks ---- */

static void checks_in_the_documented_order(void **state)
{
	(void)state;
	/* Each request has all the faults. The first check that fails decides. */
	assert_int_equal(send_request("PUT", "/v1/nothing?x=1", "no json"), 404);
	assert_int_equal(send_request("PUT", "/v1/products/bad?x=1", "no json"), 405);
	assert_int_equal(send_request("PATCH", "/v1/products/bad?x=1", "no json"), 401);
	as("ann");
	assert_int_equal(send_request("PATCH", "/v1/products/bad?x=1", "no json"), 403);
	as("admin");
	with("Content-Type", "text/plain");
	assert_int_equal(send_request("PATCH", "/v1/products/bad?x=1", "no json"), 415);
	assert_non_null(header("Accept-Patch"));
	as("admin");
	assert_int_equal(send_json("PATCH", "/v1/products/bad", "no json"), 400);
	as("admin");
	assert_int_equal(send_json("PATCH", "/v1/products/" ID, "no json"), 400);
	as("admin");
	assert_int_equal(send_json("PATCH", "/v1/products/" ID, "{\"price_cents\":-1}"), 422);
	assert_int_equal(service.count, 0);
}

static void names_the_faulty_fields(void **state)
{
	const struct json *errors = NULL;

	(void)state;
	as("ann");
	with("Idempotency-Key", "k");
	assert_int_equal(
		send_json("POST", "/v1/orders", "{\"items\":[{\"product_id\":\"" ID "\",\"quantity\":0}],\"x\":1}"),
		422);
	errors = json_member(answer(), "errors");
	assert_int_equal(json_count(errors), 2);
	assert_int_equal(service.count, 0);
}

static void refuses_fields_that_the_edge_fills(void **state)
{
	(void)state;
	as("admin");
	assert_int_equal(send_json("PATCH", "/v1/products/" ID, "{\"id\":\"" ID "\"}"), 422);
	as("admin");
	assert_int_equal(send_json("PATCH", "/v1/products/" ID, "{\"expected_version\":1}"), 422);
	as("ann");
	assert_int_equal(send_json("POST", "/v1/orders/" ID "/cancel", "{\"id\":\"" ID "\"}"), 422);
	assert_int_equal(service.count, 0);
}

/* ---- writing ---- */

static void names_the_location_of_what_was_created(void **state)
{
	(void)state;
	assert_int_equal(
		send_json("POST", "/users", "{\"email\":\"A@b.example\",\"name\":\"Ann\",\"password\":\"12345678\"}"),
		201);
	assert_string_equal(header("Location"), "/v1/users/" ID);
	assert_string_equal(service.data, "{\"email\":\"a@b.example\",\"name\":\"Ann\",\"password\":\"12345678\"}");
}

static void passes_if_match_on_as_the_expected_version(void **state)
{
	(void)state;
	as("admin");
	with("If-Match", "\"7\"");
	with("Content-Type", "application/merge-patch+json");
	assert_int_equal(send_request("PATCH", "/v1/products/" ID, "{\"name\":\"n\"}"), 200);
	assert_string_equal(service.data, "{\"id\":\"" ID "\",\"expected_version\":7,\"name\":\"n\"}");
	as("admin");
	with("If-Match", "*");
	assert_int_equal(send_request("DELETE", "/v1/products/" ID, NULL), 200);
	assert_string_equal(service.data, "{\"id\":\"" ID "\"}");
	as("admin");
	with("If-Match", "7");
	assert_int_equal(send_request("DELETE", "/v1/products/" ID, NULL), 400);
	as("admin");
	with("If-Match", "\"7\"");
	with("If-Match", "\"8\"");
	assert_int_equal(send_request("DELETE", "/v1/products/" ID, NULL), 400);
	as("ann");
	with("If-Match", "\"7\"");
	assert_int_equal(send_request("DELETE", "/v1/users/" ID, NULL), 412);
	service.reply = (struct rpc_reply){.status = E_PRECONDITION};
	as("admin");
	with("If-Match", "\"6\"");
	assert_int_equal(send_json("POST", "/v1/products/" ID "/stock", "{\"delta\":1}"), 412);
}

static void derives_the_message_id_from_user_and_key(void **state)
{
	struct uuid first;

	(void)state;
	as("ann");
	with("Idempotency-Key", "k");
	assert_int_equal(send_request("POST", "/v1/orders/" ID "/cancel", NULL), 200);
	first = service.request.id;
	as("ann");
	with("Idempotency-Key", "\"k\"");
	assert_int_equal(send_request("POST", "/v1/orders/" ID "/cancel", NULL), 200);
	assert_true(uuid_equal(&first, &service.request.id));
	as("admin");
	with("Idempotency-Key", "k");
	assert_int_equal(send_request("POST", "/v1/orders/" ID "/cancel", NULL), 200);
	assert_false(uuid_equal(&first, &service.request.id));
	as("ann");
	assert_int_equal(send_request("POST", "/v1/orders/" ID "/cancel", NULL), 200);
	assert_false(uuid_equal(&first, &service.request.id));
}

/* The id of the message of one call with the key "k". */
static struct uuid keyed_id(const char *user, const char *target, const char *body)
{
	if (user != NULL)
		as(user);
	with("Idempotency-Key", "k");
	service.count = 0;
	(void)!send_json("POST", target, body);
	assert_int_equal(service.count, 1);
	return service.request.id;
}

static void a_key_belongs_to_the_user_the_method_and_the_path(void **state)
{
	static const char other[] = "01930000-0000-7000-8000-000000000002";
	static const char product[] = "{\"sku\":\"A\",\"name\":\"A\",\"price_cents\":1,\"currency\":\"EUR\"}";
	const struct uuid cancel = keyed_id("admin", "/v1/orders/" ID "/cancel", "{}");
	const struct uuid other_order = keyed_id("admin", arena_format(&arena, "/v1/orders/%s/cancel", other), "{}");
	const struct uuid stock = keyed_id("admin", "/v1/products/" ID "/stock", "{\"delta\":1}");
	const struct uuid created = keyed_id("admin", "/v1/products", product);
	const struct uuid without_version = keyed_id("admin", "/orders/" ID "/cancel", "{}");

	(void)state;
	assert_true(uuid_equal(&cancel, &without_version));
	assert_false(uuid_equal(&cancel, &other_order));
	assert_false(uuid_equal(&cancel, &stock));
	assert_false(uuid_equal(&stock, &created));
}

static void a_key_of_a_registration_belongs_to_its_address(void **state)
{
	static const char form[] = "{\"email\":\"%s\",\"name\":\"Ann\",\"password\":\"12345678\"}";
	const struct uuid ann = keyed_id(NULL, "/v1/users", arena_format(&arena, form, "ann@example.org"));
	const struct uuid again = keyed_id(NULL, "/v1/users", arena_format(&arena, form, "Ann@example.org"));
	const struct uuid bob = keyed_id(NULL, "/v1/users", arena_format(&arena, form, "bob@example.org"));

	(void)state;
	assert_true(uuid_equal(&ann, &again));
	assert_false(uuid_equal(&ann, &bob));
}

static void refuses_an_order_without_a_key(void **state)
{
	static const char body[] = "{\"items\":[{\"product_id\":\"" ID "\",\"quantity\":1}]}";

	(void)state;
	as("ann");
	assert_int_equal(send_json("POST", "/v1/orders", body), 400);
	as("ann");
	with("Idempotency-Key", "a b");
	assert_int_equal(send_json("POST", "/v1/orders", body), 400);
	assert_int_equal(service.count, 0);
}

static void accepts_an_empty_body_if_the_body_is_optional(void **state)
{
	(void)state;
	as("ann");
	assert_int_equal(send_request("POST", "/v1/orders/" ID "/cancel", NULL), 200);
	assert_string_equal(service.data, "{\"id\":\"" ID "\"}");
	as("ann");
	assert_int_equal(send_json("POST", "/v1/orders/" ID "/cancel", "{}"), 200);
	as("ann");
	assert_int_equal(send_json("POST", "/v1/orders/" ID "/cancel", "[]"), 422);
	as("ann");
	assert_int_equal(send_request("POST", "/v1/auth/logout", NULL), 200);
	assert_string_equal(service.data, "{}");
	as("admin");
	assert_int_equal(send_json("POST", "/v1/products", NULL), 400);
}

static void sends_a_new_password_to_the_password_queue(void **state)
{
	(void)state;
	as("ann");
	assert_int_equal(send_json("PATCH", "/v1/users/" ID, "{\"name\":\"Ann\"}"), 200);
	assert_null(service.queue);
	as("ann");
	assert_int_equal(
		send_json("PATCH", "/v1/users/" ID, "{\"password\":{\"old\":\"12345678\",\"new\":\"87654321\"}}"), 200);
	assert_string_equal(service.queue, "users.password");
}

/* ---- tokens ---- */

static void grants_a_token_for_json_and_for_a_form(void **state)
{
	static const char form[] = "application/x-www-form-urlencoded";

	(void)state;
	assert_int_equal(send_json("POST", "/v1/auth/token",
				   "{\"grant_type\":\"password\",\"email\":\"A@b.c\",\"password\":\"p+w\"}"),
			 200);
	assert_int_equal(service.request.type, TOKENS_GRANT);
	assert_string_equal(service.data, "{\"email\":\"a@b.c\",\"password\":\"p+w\"}");
	assert_string_equal(header("Cache-Control"), "no-store");
	with("Content-Type", form);
	assert_int_equal(send_request("POST", "/v1/auth/token", "grant_type=password&email=A%40b.c&password=p%2Bw"),
			 200);
	assert_string_equal(service.data, "{\"email\":\"a@b.c\",\"password\":\"p+w\"}");
	with("Content-Type", form);
	assert_int_equal(send_request("POST", "/v1/auth/token", "grant_type=refresh_token&refresh_token=r"), 200);
	assert_int_equal(service.request.type, TOKENS_REFRESH);
	assert_string_equal(service.data, "{\"refresh_token\":\"r\"}");
}

static void refuses_a_token_for_missing_or_extra_fields(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"grant_type\":\"magic\"}",
		"{\"grant_type\":7}",
		"{\"grant_type\":\"password\",\"email\":\"a@b.c\"}",
		"{\"grant_type\":\"password\",\"email\":\"a@b.c\",\"password\":\"p\",\"refresh_token\":\"r\"}",
		"{\"grant_type\":\"refresh_token\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(send_json("POST", "/v1/auth/token", bodies[i]), 422);
	assert_int_equal(send_json("POST", "/v1/auth/token", "{"), 400);
	with("Content-Type", "application/x-www-form-urlencoded");
	assert_int_equal(send_request("POST", "/v1/auth/token", "grant_type=%"), 400);
	with("Content-Type", "application/x-www-form-urlencoded");
	assert_int_equal(send_request("POST", "/v1/users", "email=a"), 415);
	assert_int_equal(service.count, 0);
}

/* ---- orders ---- */

static int place(const char *prefer)
{
	as("ann");
	with("Idempotency-Key", "k");
	if (prefer != NULL)
		with("Prefer", prefer);
	service.reply.data = order_json("pending");
	return send_json("POST", "/v1/orders", "{\"items\":[{\"product_id\":\"" ID "\",\"quantity\":1}]}");
}

static void answers_with_the_pending_order_at_once(void **state)
{
	(void)state;
	assert_int_equal(place(NULL), 202);
	assert_string_equal(header("Location"), "/v1/orders/" ID);
	assert_null(header("Preference-Applied"));
	assert_int_equal(service.count, 1);
}

static void waits_for_the_outcome_if_the_client_prefers_it(void **state)
{
	(void)state;
	service.outcome = "confirmed";
	assert_int_equal(place("wait=10"), 201);
	assert_string_equal(header("Preference-Applied"), "wait=10");
	assert_string_equal(header("Location"), "/v1/orders/" ID);
	assert_string_equal(json_text(json_member(answer(), "status")), "confirmed");
	assert_int_equal(service.polls, 2);
	assert_int_equal(atomic_load(&edge.waiting_calls), 0);
}

static void explains_why_an_order_was_rejected(void **state)
{
	(void)state;
	service.outcome = "rejected";
	assert_int_equal(place("wait=99"), 409);
	assert_string_equal(header("Preference-Applied"), "wait=10");
	assert_string_equal(code(), "order_rejected");
	assert_string_equal(json_text(json_member(answer(), "detail")), "none left");
	assert_string_equal(json_text(json_member(json_member(answer(), "reason"), "code")), "out_of_stock");
	assert_string_equal(json_text(json_member(json_member(answer(), "order"), "status")), "rejected");
}

static void does_not_wait_if_too_many_calls_wait_or_the_edge_stops(void **state)
{
	(void)state;
	service.outcome = "confirmed";
	atomic_store(&edge.waiting_calls, 2); /* a quarter of 8 threads */
	assert_int_equal(place("wait=10"), 202);
	assert_null(header("Preference-Applied"));
	assert_int_equal(atomic_load(&edge.waiting_calls), 2);
	atomic_store(&edge.waiting_calls, 0);
	atomic_store(&edge.stopping, true);
	assert_int_equal(place("wait=10"), 202);
	assert_int_equal(service.polls, 0);
}

/* ---- timeouts ---- */

static void tells_the_client_what_to_do_after_a_timeout(void **state)
{
	(void)state;
	service.reply = (struct rpc_reply){.status = E_TIMEOUT, .sent = true};
	assert_int_equal(place(NULL), 504);
	assert_non_null(strstr(json_text(json_member(answer(), "detail")), "same Idempotency-Key"));
	assert_int_equal(send_request("GET", "/v1/products/" ID, NULL), 504);
	assert_non_null(strstr(json_text(json_member(answer(), "detail")), "try again"));
	service.reply = (struct rpc_reply){.status = E_UNAVAILABLE};
	assert_int_equal(send_request("GET", "/v1/products/" ID, NULL), 503);
	assert_string_equal(header("Retry-After"), "1");
}

/* ---- tracing ---- */

static void gives_every_call_an_id_and_a_trace(void **state)
{
	static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

	(void)state;
	with("X-Request-Id", "mine-1");
	with("traceparent", trace);
	assert_int_equal(send_request("GET", "/v1/products/" ID, NULL), 200);
	assert_string_equal(header("X-Request-Id"), "mine-1");
	assert_string_equal(service.request.traceparent, trace);
	with("X-Request-Id", "not mine");
	with("traceparent", "nonsense");
	assert_int_equal(send_request("GET", "/v1/nothing", NULL), 404);
	assert_int_equal(strlen(header("X-Request-Id")), UUID_TEXT);
	assert_int_equal(send_request("GET", "/v1/products/" ID, NULL), 200);
	assert_int_equal(strlen(service.request.traceparent), 55);
	assert_memory_equal(service.request.traceparent, "00-", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forwards_a_product_with_its_etag, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answers_not_modified_if_the_client_has_the_version, set_up, tear_down),
		cmocka_unit_test_setup_teardown(turns_the_query_into_the_message_of_a_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_a_malformed_query, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_the_methods_of_a_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(allows_listed_origins_and_their_preflight_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_a_call_without_a_valid_token, set_up, tear_down),
		cmocka_unit_test_setup_teardown(checks_no_signature_for_an_address_with_too_many_refused_tokens, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(refuses_customers_on_routes_of_admins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(checks_in_the_documented_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_the_faulty_fields, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_fields_that_the_edge_fills, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_the_location_of_what_was_created, set_up, tear_down),
		cmocka_unit_test_setup_teardown(passes_if_match_on_as_the_expected_version, set_up, tear_down),
		cmocka_unit_test_setup_teardown(derives_the_message_id_from_user_and_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_key_belongs_to_the_user_the_method_and_the_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_key_of_a_registration_belongs_to_its_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_an_order_without_a_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(accepts_an_empty_body_if_the_body_is_optional, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sends_a_new_password_to_the_password_queue, set_up, tear_down),
		cmocka_unit_test_setup_teardown(grants_a_token_for_json_and_for_a_form, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_a_token_for_missing_or_extra_fields, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answers_with_the_pending_order_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waits_for_the_outcome_if_the_client_prefers_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(explains_why_an_order_was_rejected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(does_not_wait_if_too_many_calls_wait_or_the_edge_stops, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(tells_the_client_what_to_do_after_a_timeout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gives_every_call_an_id_and_a_trace, set_up, tear_down),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
