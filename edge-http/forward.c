/* Asking a service, and passing on what it says. */
#include "edge/call.h"
#include "edge/headers.h"
#include "edge/rate_limits.h"
#include "edge/request_decode.h"
#include "edge/views.h"
#include "proto/messages.h"

#include <string.h>

static enum asked asked_of(const struct call *call)
{
	if (strcmp(call->route->method, "GET") == 0)
		return ASKED_READ;
	return call->keyed ? ASKED_KEYED : ASKED_WRITE;
}

/* The request; its data is in the arena. */
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
	return problem_of_reply(reply, asked_of(call), call->arena);
}

struct problem call_ask(struct call *call, int type, const void *body, const char *queue, struct rpc_reply *ret_reply)
{
	const struct rpc_request request = request_of(call, type, body, queue);

	(void)!rpc_call(call->edge->rpc, &request, call->arena, ret_reply);
	return problem_in(call, ret_reply);
}

void call_respond(struct call *call, int status, struct span json)
{
	bool may_be_kept = (call->route->how & MAY_BE_KEPT) != 0;

	call->response->status = status;
	call->response->body = json.size > 0 ? json : span_of("{}");
	http_add_header(call->response, call->arena, "Content-Type", "application/json");
	http_add_header(call->response, call->arena, "Cache-Control", may_be_kept ? "no-cache" : "no-store");
}

static void add_location(struct call *call, struct span view)
{
	char id[UUID_TEXT + 1];

	if (view_id(view, id) == OK)
		http_add_header(call->response, call->arena, "Location",
				arena_format(call->arena, "%s/%s", call->route->path, id));
}

/* Adds the ETag; true where the client says that it has this version. */
static bool add_etag(struct call *call, struct span view)
{
	const char *known = http_header(call->request, "If-None-Match");
	int64_t version = view_version(view);

	if (version == INT_ABSENT)
		return false;
	http_add_header(call->response, call->arena, "ETag", arena_format(call->arena, "\"%lld\"", (long long)version));
	return known != NULL && strcmp(call->route->method, "GET") == 0 && header_names_version(known, version);
}

void call_pass(struct call *call, const struct rpc_reply *reply)
{
	call_respond(call, call->route->success, reply->data);
	if ((call->route->how & LOCATION) != 0)
		add_location(call, reply->data);
	if ((call->route->how & VERSIONED) != 0 && add_etag(call, reply->data))
		call->response->status = 304;
}

static struct problem ask_and_pass(struct call *call, const void *body, const char *queue)
{
	struct rpc_reply reply;
	struct problem problem = call_ask(call, call->route->type, body, queue, &reply);

	if (problem.status == 0)
		call_pass(call, &reply);
	return problem;
}

static void pass_later(void *context, const struct rpc_reply *reply)
{
	struct call *call = context;
	const struct problem problem = problem_in(call, reply);

	if (problem.status == 0)
		call_pass(call, reply);
	call_finish(call, &problem);
}

struct problem call_hand_on(struct call *call, const void *body)
{
	if (!http_defer(call->request))
		return ask_and_pass(call, body, NULL);
	const struct rpc_request request = request_of(call, call->route->type, body, NULL);
	rpc_call_async(call->edge->rpc, &request, call->arena, pass_later, call);
	return (struct problem){.status = ANSWERED_LATER};
}

struct problem pass_on(struct call *call)
{
	void *body = NULL;
	struct problem problem = call_read_message(call, &body);

	return problem.status != 0 ? problem : call_hand_on(call, body);
}

/* Hashing a password takes long: whoever changes one waits in a line of its own. */
static struct problem change_password(struct call *call, const void *change)
{
	char user[UUID_TEXT + 1];
	struct attempt attempt;
	struct problem problem;

	uuid_text(&call->caller.user_id, user);
	problem = limits_attempt(call, user, &attempt);
	if (problem.status != 0)
		return problem;
	problem = ask_and_pass(call, change, "users.password");
	limits_attempted(call, &attempt, &problem, 422);
	return problem;
}

struct problem change_user(struct call *call)
{
	void *body = NULL;
	struct problem problem = call_read_message(call, &body);
	const struct users_change *change = body;

	if (problem.status != 0)
		return problem;
	return change->password != NULL ? change_password(call, change) : call_hand_on(call, change);
}

struct problem register_user(struct call *call)
{
	void *body = NULL;
	struct problem problem = call_read_message(call, &body);

	if (problem.status == 0)
		problem = limits_registration(call);
	return problem.status != 0 ? problem : ask_and_pass(call, body, NULL);
}
