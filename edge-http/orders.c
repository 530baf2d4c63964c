/* POST /v1/orders: places an order. With Prefer: wait=N, the answer waits for the outcome of the order. */
#include "edge/call.h"
#include "edge/headers.h"
#include "edge/request_decode.h"
#include "proto/messages.h"

#include <string.h>
#include <strings.h>
#include <time.h>

enum { WAIT_MAX_S = 10 };

static const int64_t pause_min_us = 3 * MS_US;
static const int64_t pause_max_us = 50 * MS_US;
enum { OUTCOME_TIME_WEIGHT = 16 }; /* of the moving average: a new value counts 1/16 */

/* An order: its JSON, and the status that decides about the answer. */
struct outcome {
	struct span view;
	const struct json *json;
	int status; /* enum order_status */
};

/* An unknown status comes from a newer service. This build treats such an order as pending. */
static int status_of(const struct json *order)
{
	const char *text = json_text(json_member(order, "status"));

	for (int i = 0; text != NULL && order_status_names[i] != NULL; i++)
		if (strcmp(order_status_names[i], text) == 0)
			return i;
	return ORDER_STATUS_PENDING;
}

static enum status outcome_read(struct arena *arena, struct span view, struct outcome *ret_outcome)
{
	struct faults faults = {.count = 0};
	struct outcome outcome = {.view = view};

	if (json_parse(arena, view, &faults, &outcome.json) != OK || json_member(outcome.json, "id") == NULL)
		return E_INTERNAL;
	outcome.status = status_of(outcome.json);
	*ret_outcome = outcome;
	return OK;
}

/* ---- waiting ---- */

/* At most a quarter of the threads wait for outcomes. The others stay free for other requests. */
static bool waiting_begin(struct edge *edge)
{
	if (atomic_fetch_add(&edge->waiting_calls, 1) < edge->settings->http_threads / 4)
		return true;
	atomic_fetch_sub(&edge->waiting_calls, 1);
	return false;
}

static void waiting_end(struct edge *edge)
{
	atomic_fetch_sub(&edge->waiting_calls, 1);
}

/* The first query comes after the average time of an outcome, and each next one after a quarter of the time so far. A
 * query costs two messages, and most orders need only one. */
static int64_t pause_after(int64_t average_us, int64_t waited_us)
{
	int64_t pause_us = waited_us == 0 ? average_us : waited_us / 4;

	if (pause_us < pause_min_us)
		return pause_min_us;
	return pause_us < pause_max_us ? pause_us : pause_max_us;
}

static int64_t timestamp_of(const struct outcome *outcome, const char *member)
{
	const char *text = json_text(json_member(outcome->json, member));
	int64_t timestamp = 0;

	return text != NULL && timestamp_parse(text, strlen(text), &timestamp) == OK ? timestamp : INT_ABSENT;
}

/* Updates the moving average. If two threads do so at the same time, one value may be lost: the average need not be
 * exact. */
static void record_outcome_time(struct edge *edge, const struct outcome *outcome)
{
	const int64_t start_us = timestamp_of(outcome, "created_at"), ended_us = timestamp_of(outcome, "updated_at");
	const int64_t average_us = atomic_load(&edge->outcome_time_us);

	if (outcome->status == ORDER_STATUS_PENDING || start_us == INT_ABSENT || ended_us == INT_ABSENT)
		return;
	const int64_t took_us = ended_us - start_us < pause_max_us ? ended_us - start_us : pause_max_us;
	atomic_store(&edge->outcome_time_us, average_us + (took_us - average_us) / OUTCOME_TIME_WEIGHT);
}

static void sleep_for(int64_t pause_us)
{
	struct timespec pause = {.tv_sec = pause_us / SECOND_US, .tv_nsec = (long)(pause_us % SECOND_US) * 1000};

	(void)nanosleep(&pause, NULL);
}

/* Queries the order until it is no longer pending, or the time is up. A query that fails changes nothing: the order was
 * accepted. */
static void await_outcome(struct call *call, int64_t wait_us, struct outcome *outcome)
{
	const char *id = json_text(json_member(outcome->json, "id"));
	int64_t began_us = monotonic_now(), waited_us = 0;
	struct by_id wanted = {.expected_version = INT_ABSENT};
	struct rpc_reply reply;

	if (id == NULL || uuid_parse(id, strlen(id), &wanted.id) != OK)
		return;
	while (outcome->status == ORDER_STATUS_PENDING && !atomic_load(&call->edge->stopping)) {
		int64_t pause_us = pause_after(atomic_load(&call->edge->outcome_time_us), waited_us);

		if (waited_us + pause_us > wait_us)
			return;
		sleep_for(pause_us);
		call->id = uuid_new(timestamp_now()); /* each query is a request of its own */
		if (call_forward(call, ORDERS_GET, &wanted, NULL, &reply).status == 0)
			(void)!outcome_read(call->arena, reply.data, outcome);
		waited_us = monotonic_now() - began_us;
	}
}

/* ---- answering ---- */

static void add_member(struct buffer *out, const char *name, const struct json *value)
{
	buffer_format(out, "\"%s\":", name);
	if (value != NULL)
		json_print(out, value);
	else
		buffer_text(out, "null");
}

static const char *reason_text(const struct json *reason, const char *name)
{
	return reason != NULL ? json_text(json_member(reason, name)) : NULL;
}

/* The order was not confirmed: 409, with the order and the reason. */
static struct problem problem_of_outcome(struct call *call, const struct outcome *outcome)
{
	const struct json *reason = json_member(outcome->json, "reason");
	const char *detail = reason_text(reason, "detail"), *name = order_status_names[outcome->status];
	struct problem problem = problem_of(E_CONFLICT, NULL);
	struct buffer members;

	buffer_init(&members);
	add_member(&members, "reason", reason);
	buffer_text(&members, ",\"order\":");
	buffer_add(&members, outcome->view.bytes, outcome->view.size);
	problem.code = arena_format(call->arena, "order_%s", name);
	problem.detail = detail != NULL ? detail : arena_format(call->arena, "The order is %s.", name);
	problem.members = (struct span){arena_copy(call->arena, members.bytes, members.size), members.size};
	buffer_done(&members);
	return problem;
}

/* The first wait preference of all Prefer headers (RFC 7240 section 2). */
static int64_t wanted_wait_us(const struct http_request *request)
{
	for (int i = 0; i < request->header_count; i++) {
		int seconds = 0;

		if (strcasecmp(request->headers[i].name, "Prefer") == 0)
			seconds = header_wait_seconds(request->headers[i].value);
		if (seconds > 0)
			return (seconds < WAIT_MAX_S ? seconds : WAIT_MAX_S) * SECOND_US;
	}
	return 0;
}

/* Waits as the client prefers, and adds Preference-Applied. False: it did not wait. */
static bool wait_as_preferred(struct call *call, const struct rpc_reply *reply, struct outcome *ret_outcome)
{
	int64_t wait_us = wanted_wait_us(call->request);

	if (wait_us == 0 || outcome_read(call->arena, reply->data, ret_outcome) != OK || !waiting_begin(call->edge))
		return false;
	http_add_header(call->response, call->arena, "Preference-Applied",
			arena_format(call->arena, "wait=%d", (int)(wait_us / SECOND_US)));
	await_outcome(call, wait_us, ret_outcome);
	record_outcome_time(call->edge, ret_outcome);
	waiting_end(call->edge);
	return true;
}

struct problem place_order(struct call *call)
{
	void *body = NULL;
	struct rpc_reply reply;
	struct outcome outcome;
	struct problem problem = call_read_message(call, &body);

	if (problem.status == 0 && wanted_wait_us(call->request) == 0)
		return call_forward_deferred(call, body);
	if (problem.status == 0)
		problem = call_forward(call, ORDERS_PLACE, body, NULL, &reply);
	if (problem.status != 0)
		return problem;
	if (!wait_as_preferred(call, &reply, &outcome)) {
		call_pass_reply(call, &reply);
		return problem;
	}
	if (outcome.status != ORDER_STATUS_PENDING && outcome.status != ORDER_STATUS_CONFIRMED)
		return problem_of_outcome(call, &outcome);
	reply.data = outcome.view;
	call_pass_reply(call, &reply);
	call->response->status = outcome.status == ORDER_STATUS_CONFIRMED ? 201 : 202;
	return problem;
}
