/* A call from its first check to its response. */
#include "edge/call.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "comanda/program.h"
#include "edge/cors.h"
#include "edge/headers.h"
#include "edge/rate_limits.h"
#include "proto/roles.h"

static struct metric requests = {.name = "comanda_http_requests_total",
				 .help = "REST requests answered, by route and status code",
				 .type = COUNTER,
				 .label = "route",
				 .second = "code"};
static struct metric durations = {.name = "comanda_http_request_duration_seconds",
				  .help = "Time from the arrival of a REST request to its answer, by route",
				  .type = HISTOGRAM,
				  .label = "route"};

/* The call's id becomes the id of its message, its X-Request-Id and its trace id, unless the client sends its own. */
static void call_begin(struct call *call)
{
	const char *request_id = http_header(call->request, "X-Request-Id");
	char *own = arena_new(call->arena, UUID_TEXT + 1, 1);

	uuid_text(&call->id, own);
	call->request_id = request_id != NULL && header_request_id_fits(request_id) ? request_id : own;
	call_trace_begin(call);
	http_add_header(call->response, call->arena, "X-Request-Id", call->request_id);
	cors_headers(call->edge->settings->cors_origins, call->request, call->response);
}

/* ---- finding the route ---- */

static void add_allow(struct call *call)
{
	http_add_header(call->response, call->arena, "Allow", routes_allow(call->arena, call->request->path));
}

/* OPTIONS: the methods of the path. A browser sends this before a cross-origin request. */
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
	struct route_match match = routes_match(call->request->method, call->request->path);

	if (!match.path_known)
		return problem_http(404, NULL);
	if (match.route == NULL) {
		add_allow(call);
		return problem_http(405, NULL);
	}
	call->route = match.route;
	call->path_id = match.id;
	return (struct problem){.status = 0};
}

/* ---- the caller ---- */

/* A token that is not remembered costs a signature check, also a forged one. */
static struct problem verify_token(struct call *call, const char *token)
{
	enum status status = OK;
	struct problem problem = {.status = 0};

	if (auth_remembers(call->edge->auth, token, &call->caller))
		return problem;
	problem = rate_limits_check_token(call);
	if (problem.status != 0)
		return problem;
	status = auth_verify(call->edge->auth, token, call->arena, &call->caller);
	if (status == E_UNAVAILABLE)
		return problem_of(status, "The keys that access tokens are checked with cannot be had at present: "
					  "try again.");
	if (status != OK) {
		rate_limits_count_refused_token(call);
		return problem_of(status, "The access token is not valid, or no longer.");
	}
	return problem;
}

static struct problem check_caller(struct call *call)
{
	const char *header = http_header(call->request, "Authorization");
	const char *token = header != NULL ? header_bearer(header) : NULL;
	struct problem problem = {.status = 0};

	assert(call->route != NULL);
	if (call->route->access == ANYONE)
		return problem;
	problem = token != NULL ? verify_token(call, token)
				: problem_of(E_UNAUTHENTICATED,
					     header != NULL ? "The access token is not valid, or no longer." : NULL);
	if (problem.status != 0)
		return problem;
	if (call->route->access == ADMIN && call->caller.role != CALLER_ADMIN)
		return problem_of(E_FORBIDDEN, "Only admins may do this.");
	return (struct problem){.status = 0};
}

/* ---- the whole call ---- */

static void count_call(const struct call *call, int64_t took_us)
{
	const struct route *matched = call->route;
	const char *route =
		matched == NULL ? "none" : arena_format(call->arena, "%s %s", matched->method, matched->path);
	char code[12];

	snprintf(code, sizeof(code), "%d", call->response->status);
	metric_add_pair(&requests, (struct labels){route, code}, 1);
	metric_observe(&durations, route, took_us);
}

static void call_end(const struct call *call)
{
	int64_t took_us = timestamp_now() - call->start_us;
	/* While a service is away there are thousands of 503 and 504. The metrics count them, and the RPC client logs
	 * the cause. */
	enum log_level level = call->response->status == 500 ? LOG_ERROR : LOG_DEBUG;
	char trace_id[TRACE_ID_TEXT + 1];

	count_call(call, took_us);
	call_trace_end(call);
	if (level < log_level_get())
		return;
	log_line(level, "http.answer",
		 log_pairs(kv_text("method", call->request->method), kv_text("path", call->request->path),
			   kv_int("http_status", call->response->status), kv_int("took_us", took_us),
			   kv_text("request_id", call->request_id),
			   kv_text("trace_id", trace_id_of(call->traceparent, trace_id))));
}

static struct problem call_handle(struct call *call)
{
	struct problem problem = find_route(call), limited;

	if (problem.status == 0)
		problem = check_caller(call);
	/* A refused call counts for the rate limit as well. */
	limited = rate_limits_check(call);
	if (limited.status != 0)
		return limited;
	return problem.status == 0 ? call->route->handle(call) : problem;
}

static struct call call_of(struct edge *edge, const struct http_request *request, struct http_response *response)
{
	int64_t now_us = timestamp_now();

	return (struct call){.edge = edge,
			     .request = request,
			     .response = response,
			     .arena = request->arena,
			     .start_us = now_us,
			     .id = uuid_new(now_us),
			     .expected_version = INT_ABSENT};
}

static void call_complete(struct call *call, const struct problem *problem)
{
	if (problem->status != 0)
		problem_respond(problem, call->request, call->response);
	call_end(call);
}

void call_answer(void *context, const struct http_request *request, struct http_response *ret_response)
{
	struct call *call =
		arena_new(request->arena, 1, sizeof(*call)); /* a deferred call lives longer than this function */
	struct problem problem = {.status = 0};

	*call = call_of(context, request, ret_response);
	call_begin(call);
	if (strcmp(request->method, "OPTIONS") == 0 && routes_match("OPTIONS", request->path).path_known)
		answer_options(call);
	else
		problem = call_handle(call);
	if (problem.status != ANSWER_DEFERRED)
		call_complete(call, &problem);
}

void call_complete_deferred(struct call *call, const struct problem *problem)
{
	call_complete(call, problem);
	http_complete(call->request);
}

void call_refuse(void *context, int status, const char *detail, const struct http_request *request,
		 struct http_response *ret_response)
{
	struct call call = call_of(context, request, ret_response);
	struct problem problem = problem_http(status, arena_format(request->arena, "The request %s.", detail));

	call_begin(&call);
	if (status == 415)
		http_add_header(ret_response, request->arena, "Accept-Encoding", "identity");
	call_complete(&call, &problem);
}
