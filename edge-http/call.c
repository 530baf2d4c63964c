/* A call from its first check to its last header. */
#include "call.h"

#include <assert.h>
#include <string.h>

#include "cors.h"
#include "headers.h"
#include "log.h"
#include "messages.h"
#include "metrics.h"

static struct metric answers = {.name = "comanda_edge_answers_total",
				.help = "REST answers by class of status",
				.type = COUNTER,
				.label = "class"};
static struct metric durations = {.name = "comanda_edge_seconds",
				  .help = "Time from a REST request's arrival to its answer, by message",
				  .type = HISTOGRAM,
				  .label = "message"};

/* One id serves for the call's message, its X-Request-Id and its trace, unless the client brings its own. */
static void call_begin(struct call *call)
{
	const char *request_id = http_header(call->request, "X-Request-Id");
	const char *traceparent = http_header(call->request, "traceparent");
	char *own = arena_new(call->arena, UUID_TEXT + 1, 1);
	const uint8_t *b = call->id.bytes;

	uuid_text(&call->id, own);
	call->request_id = request_id != NULL && header_request_id_fits(request_id) ? request_id : own;
	call->traceparent = traceparent;
	if (traceparent == NULL || !header_traceparent_fits(traceparent))
		call->traceparent = arena_format(
			call->arena, "00-%.8s%.4s%.4s%.4s%.12s-%02x%02x%02x%02x%02x%02x%02x%02x-01", own, own + 9,
			own + 14, own + 19, own + 24, b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	http_add_header(call->response, call->arena, "X-Request-Id", call->request_id);
	cors_headers(call->edge->settings->cors_origins, call->request, call->response);
}

/* ---- finding the route ---- */

static void add_allow(struct call *call)
{
	http_add_header(call->response, call->arena, "Allow", routes_allow(call->arena, call->request->path));
}

/* OPTIONS: what this path knows, for a person or for a browser that asks beforehand. */
static void answer_options(struct call *call)
{
	const char *allow = routes_allow(call->arena, call->request->path);

	call->response->status = 204;
	http_add_header(call->response, call->arena, "Allow", allow);
	if (cors_is_preflight(call->request))
		cors_preflight(call->edge->settings->cors_origins, allow, call->request, call->response);
}

static struct problem find_route(struct call *call)
{
	struct found found = routes_find(call->request->method, call->request->path);

	if (!found.path_known)
		return problem_http(404, NULL);
	if (found.route == NULL) {
		add_allow(call);
		return problem_http(405, NULL);
	}
	call->route = found.route;
	call->path_id = found.id;
	return (struct problem){.status = 0};
}

/* ---- who asks ---- */

static struct problem check_caller(struct call *call)
{
	const char *header = http_header(call->request, "Authorization");
	const char *token = header != NULL ? header_bearer(header) : NULL;
	enum status status = E_UNAUTHENTICATED;

	assert(call->route != NULL);
	if (call->route->who == ANYONE)
		return (struct problem){.status = 0};
	if (token != NULL)
		status = auth_verify(call->edge->auth, token, call->arena, &call->caller);
	if (status == E_UNAVAILABLE)
		return problem_of(status, "The keys that access tokens are checked with cannot be had at present: "
					  "try again.");
	if (status != OK)
		return problem_of(status, header != NULL ? "The access token is not valid, or no longer." : NULL);
	if (call->route->who == ADMIN && call->caller.role != CALLER_ADMIN)
		return problem_of(E_FORBIDDEN, "Only admins may do this.");
	return (struct problem){.status = 0};
}

/* ---- the whole ---- */

static const char *class_of(int status)
{
	static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

	return classes[(status / 100 - 1) % 5];
}

static void call_end(const struct call *call)
{
	int64_t took_us = moment_now() - call->begun_us;
	/* 503 and 504 come by the thousand while something is away: who found it away says so, and the metrics count.
	 */
	enum log_level level = call->response->status == 500 ? LOG_ERROR : LOG_DEBUG;

	metric_add(&answers, class_of(call->response->status), 1);
	metric_observe(&durations, call->route != NULL ? comanda_contract.types[call->route->type].name : "none",
		       took_us);
	log_line(level, "http.answer",
		 log_pairs(kv_text("method", call->request->method), kv_text("path", call->request->path),
			   kv_int("status", call->response->status), kv_int("took_us", took_us),
			   kv_text("request_id", call->request_id), kv_text("traceparent", call->traceparent)));
}

static struct problem call_handle(struct call *call)
{
	struct problem problem = find_route(call);

	if (problem.status == 0)
		problem = check_caller(call);
	if (problem.status == 0)
		problem = call->route->answer(call);
	return problem;
}

static struct call call_of(struct edge *edge, const struct http_request *request, struct http_response *response)
{
	int64_t now_us = moment_now();

	return (struct call){.edge = edge,
			     .request = request,
			     .response = response,
			     .arena = request->arena,
			     .begun_us = now_us,
			     .id = uuid_new(now_us),
			     .expected_version = INT_ABSENT};
}

void call_answer(void *context, const struct http_request *request, struct http_response *ret_response)
{
	struct call call = call_of(context, request, ret_response);
	struct problem problem = {.status = 0};

	call_begin(&call);
	if (strcmp(request->method, "OPTIONS") == 0 && routes_find("OPTIONS", request->path).path_known)
		answer_options(&call);
	else
		problem = call_handle(&call);
	if (problem.status != 0)
		problem_respond(&problem, request, ret_response);
	call_end(&call);
}

void call_refuse(void *context, int status, const char *detail, const struct http_request *request,
		 struct http_response *ret_response)
{
	struct call call = call_of(context, request, ret_response);
	struct problem problem = problem_http(status, arena_format(request->arena, "The request %s.", detail));

	call_begin(&call);
	problem_respond(&problem, request, ret_response);
	call_end(&call);
}
