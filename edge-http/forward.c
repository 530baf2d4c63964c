/* Forwarding calls to services, and their replies to clients. */
#include "edge/call.h"
#include "edge/headers.h"
#include "edge/rate_limits.h"
#include "edge/request_decode.h"
#include "edge/views.h"
#include "proto/messages.h"

#include <string.h>

static enum request_effect effect_of(const struct call *call)
{
	if (strcmp(call->route->method, "GET") == 0)
		return READS;
	return call->has_key ? WRITES_WITH_KEY : WRITES;
}

/* The request with its data, in the arena. */
static struct rpc_request request_of(const struct call *call, int type, const void *body, const char *queue)
{
	const struct schema *schema = comanda_contract.types[type].schema;
	int64_t now_us = timestamp_now();
	struct rpc_request request = {.type = type,
				      .id = call->id,
				      .caller = call->caller,
				      .time_us = now_us,
				      .deadline_us = now_us + call->edge->settings->rpc_deadline_us,
				      .traceparent = call->traceparent,
				      .queue = queue,
				      .mergeable = comanda_contract.types[type].read_only};
	struct buffer data;

	if (schema == NULL)
		return request;
	buffer_init(&data);
	json_encode(&data, schema, body);
	request.data = (struct span){arena_copy(call->arena, data.bytes, data.size), data.size};
	buffer_done(&data);
	return request;
}

static struct problem problem_in(const struct call *call, const struct rpc_reply *reply)
{
	if (reply->status == OK)
		return (struct problem){.status = 0};
	return problem_of_reply(reply, effect_of(call), call->arena);
}

struct problem call_forward(struct call *call, int type, const void *body, const char *queue,
			    struct rpc_reply *ret_reply)
{
	const struct rpc_request request = request_of(call, type, body, queue);

	(void)!rpc_call(call->edge->rpc, &request, call->arena, ret_reply);
	return problem_in(call, ret_reply);
}

void call_respond_json(struct call *call, int status, struct span json)
{
	bool cacheable = (call->route->options & CACHEABLE) != 0;

	call->response->status = status;
	call->response->body = json.size > 0 ? json : span_of("{}");
	http_add_header(call->response, call->arena, "Content-Type", "application/json");
	http_add_header(call->response, call->arena, "Cache-Control", cacheable ? "no-cache" : "no-store");
}

static void add_location(struct call *call, struct span view)
{
	char id[UUID_TEXT + 1];

	if (view_id(view, id) == OK)
		http_add_header(call->response, call->arena, "Location",
				arena_format(call->arena, "%s/%s", call->route->path, id));
}

/* Adds the ETag. True: the client has this version. */
static bool add_etag(struct call *call, struct span view)
{
	const char *known = http_header_list(call->request, "If-None-Match");
	int64_t version = view_version(view);

	if (version == INT_ABSENT)
		return false;
	http_add_header(call->response, call->arena, "ETag", arena_format(call->arena, "\"%lld\"", (long long)version));
	return known != NULL && strcmp(call->route->method, "GET") == 0 && header_names_version(known, version);
}

void call_pass_reply(struct call *call, const struct rpc_reply *reply)
{
	call_respond_json(call, call->route->success, reply->data);
	if ((call->route->options & LOCATION) != 0)
		add_location(call, reply->data);
	if ((call->route->options & VERSIONED) != 0 && add_etag(call, reply->data))
		call->response->status = 304;
}

static struct problem forward_and_wait(struct call *call, const void *body, const char *queue)
{
	struct rpc_reply reply;
	struct problem problem = call_forward(call, call->route->type, body, queue, &reply);

	if (problem.status == 0)
		call_pass_reply(call, &reply);
	return problem;
}

static void complete_forward(void *context, const struct rpc_reply *reply)
{
	struct call *call = context;
	const struct problem problem = problem_in(call, reply);

	if (problem.status == 0)
		call_pass_reply(call, reply);
	call_complete_deferred(call, &problem);
}

struct problem call_forward_deferred(struct call *call, const void *body)
{
	if (!http_defer(call->request))
		return forward_and_wait(call, body, NULL);
	const struct rpc_request request = request_of(call, call->route->type, body, NULL);
	rpc_call_async(call->edge->rpc, &request, call->arena, complete_forward, call);
	return (struct problem){.status = ANSWER_DEFERRED};
}

struct problem forward(struct call *call)
{
	void *body = NULL;
	struct problem problem = call_read_message(call, &body);

	return problem.status != 0 ? problem : call_forward_deferred(call, body);
}

/* A password hash takes long, so such changes have a queue of their own. */
static struct problem change_password(struct call *call, const void *change)
{
	char user[UUID_TEXT + 1];
	struct attempt attempt;
	struct problem problem;

	uuid_text(&call->caller.user_id, user);
	problem = rate_limits_begin_attempt(call, user, &attempt);
	if (problem.status != 0)
		return problem;
	problem = forward_and_wait(call, change, "users.password");
	rate_limits_end_attempt(call, &attempt, &problem, 422);
	return problem;
}

struct problem change_user(struct call *call)
{
	void *body = NULL;
	struct problem problem = call_read_message(call, &body);
	const struct users_change *change = body;

	if (problem.status != 0)
		return problem;
	return change->password != NULL ? change_password(call, change) : call_forward_deferred(call, change);
}

struct problem register_user(struct call *call)
{
	void *body = NULL;
	struct problem problem = call_read_message(call, &body);

	if (problem.status == 0) {
		/* Strangers share no keys. */
		call_narrow_key(call, ((const struct users_register *)body)->email);
		problem = rate_limits_check_registration(call);
	}
	return problem.status != 0 ? problem : forward_and_wait(call, body, NULL);
}

struct problem sign_out(struct call *call)
{
	char session[UUID_TEXT + 1];
	void *body = NULL;
	struct problem problem = call_read_message(call, &body);

	if (problem.status != 0)
		return problem;
	/* Without a refresh token the request is about the caller's session: another session's is no repeat. */
	if (((const struct tokens_refresh *)body)->refresh_token == NULL) {
		uuid_text(&call->caller.session_id, session);
		call_narrow_key(call, session);
	}
	return call_forward_deferred(call, body);
}
