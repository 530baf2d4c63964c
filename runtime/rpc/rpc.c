/* The RPC client as its callers see it, and the timer thread. The shared state is in rpc/call_table.c, the RPC
 * thread in rpc/io.c. Timeouts have a thread of their own, because the broker can block the RPC thread. */
#include "rpc/rpc.h"

#include "rpc/io.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/span.h"

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

static struct metric calls = {.name = "comanda_rpc_calls_total",
			      .help = "Calls ended, by message type and status",
			      .type = COUNTER,
			      .label = "type",
			      .second = "status"};
static struct metric durations = {.name = "comanda_rpc_call_duration_seconds",
				  .help = "Time from a call to its reply, by message type",
				  .type = HISTOGRAM,
				  .label = "type"};

static const int64_t longest_wait_us = 1 * HOUR_US;
/* Timeouts that are due within this time of each other are processed together. */
static const int64_t timer_slack_us = 1 * MS_US;

/* ---- the timer thread ---- */

static void wait_until_due(struct call_table *table)
{
	const int64_t due_us = table->next_due_us;

	(void)condition_wait(&table->due_changed, &table->lock, due_us == INT64_MAX ? due_us : due_us + timer_slack_us);
}

static void *run_timer(void *argument)
{
	struct rpc *rpc = argument;
	struct call_table *table = &rpc->table;

	log_thread("rpc-timer");
	pthread_mutex_lock(&table->lock);
	while (!table->stopping) {
		struct ended_calls ended = {.calls = NULL};

		call_table_time_out(table, monotonic_now(), &ended);
		if (ended.timed_out == NULL) {
			wait_until_due(table);
			continue;
		}
		pthread_mutex_unlock(&table->lock);
		ended_calls_notify(&ended);
		pthread_mutex_lock(&table->lock);
	}
	pthread_mutex_unlock(&table->lock);
	return NULL;
}

/* ---- start and stop ---- */

struct rpc *rpc_new(const struct rpc_config *config)
{
	struct rpc *rpc = mem_new(1, sizeof(*rpc));
	const struct broker_config link = {.url = config->broker_url,
					   .program = config->program,
					   .connection_name = "rpc",
					   .heartbeat_us = config->heartbeat_us,
					   .confirms = true};

	rpc->config = *config;
	call_table_init(&rpc->table, &rpc->config);
	arena_init(&rpc->arena);
	rpc_bundle_init(&rpc->bundle);
	rpc->broker = broker_new(&link);
	if (wake_init(&rpc->wake) != OK || pthread_create(&rpc->rpc_thread, NULL, rpc_io_run, rpc) != 0 ||
	    pthread_create(&rpc->timer_thread, NULL, run_timer, rpc) != 0) {
		/* The program is starting, and cannot work without these threads. */
		perror("rpc");
		abort();
	}
	return rpc;
}

void rpc_free(struct rpc *rpc)
{
	if (rpc == NULL)
		return;
	pthread_mutex_lock(&rpc->table.lock);
	rpc->table.stopping = true;
	pthread_cond_signal(&rpc->table.due_changed);
	pthread_mutex_unlock(&rpc->table.lock);
	wake_send(&rpc->wake);
	pthread_join(rpc->timer_thread, NULL);
	pthread_join(rpc->rpc_thread, NULL);
	broker_free(rpc->broker);
	rpc_bundle_done(&rpc->bundle);
	arena_done(&rpc->arena);
	wake_done(&rpc->wake);
	call_table_done(&rpc->table);
	free(rpc);
}

bool rpc_connected(const struct rpc *rpc)
{
	/* Locking does not change what the caller sees, so the parameter is const all the same. */
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&rpc->table.lock;
	bool connected;

	pthread_mutex_lock(lock);
	connected = rpc->table.connected;
	pthread_mutex_unlock(lock);
	return connected;
}

/* ---- a call without waiting ---- */

/* The caller's part of a call. It lives in the caller's arena until the call ends. */
struct call {
	struct subscriber subscriber; /* first, so that a pointer to it is a pointer to the call */
	const struct message_type *type;
	int64_t start_us;
	struct trace_span *span; /* NULL: not recorded */
	struct arena *arena;
	rpc_done *done;
	void *context;
};

/* A wall-clock deadline as a time of the monotonic clock. */
static int64_t due_of(int64_t deadline_us)
{
	int64_t now = timestamp_now(), left = deadline_us - now;

	if (deadline_us > now + longest_wait_us)
		left = longest_wait_us;
	return monotonic_now() + left;
}

static enum status add_call(struct rpc *rpc, struct pending_call *pending, const char *queue,
			    struct subscriber *subscriber)
{
	bool asleep = false;
	enum status status;

	pthread_mutex_lock(&rpc->table.lock);
	status = call_table_add(&rpc->table, pending, queue, subscriber);
	/* While the window is full, a reply wakes the thread. One wake-up is enough for all calls until it runs. */
	if (status == OK && rpc->table.sleeping && rpc_queue_can_send(&rpc->table, subscriber->pending->queue)) {
		rpc->table.sleeping = false;
		asleep = true;
	}
	pthread_mutex_unlock(&rpc->table.lock);
	if (asleep)
		wake_send(&rpc->wake);
	return status;
}

/* Begins a span below the caller's. The request then carries the new span, so that the service's span is below it. */
static void begin_span(struct call *call, struct rpc_request *request)
{
	const struct message_type *type = call->type;
	char text[TRACEPARENT_TEXT + 1];
	struct trace caller;
	struct trace_span *span = NULL;

	if (!tracing_on() || !trace_parse(request->traceparent, &caller) || !caller.sampled)
		return;
	span = call->span = arena_new(call->arena, 1, sizeof(*span));
	span_begin(span, SPAN_CLIENT, type->name, &caller);
	span->message_id = request->id;
	span_attribute(span, "messaging.system", "rabbitmq");
	span_attribute(span, "messaging.operation.type", "send");
	span_attribute(span, "messaging.destination.name", request->queue != NULL ? request->queue : type->queue);
	trace_text(&span->at, text);
	request->traceparent = arena_text(call->arena, text);
}

static void end_span(struct trace_span *span, enum status status)
{
	const struct status_rule *rule = status_rule(status);

	span_attribute(span, "comanda.status", rule->code);
	span->error = rule->http >= 500 ? rule->code : NULL;
	span_end(span);
}

/* `done` may release the arena, and the call with it. So it comes last. */
static void end_call(const struct call *call, const struct rpc_reply *reply)
{
	const char *type = call->type->name;

	if (call->span != NULL)
		end_span(call->span, reply->status);
	metric_add_pair(&calls, (struct labels){type, status_rule(reply->status)->code}, 1);
	metric_observe(&durations, type, monotonic_now() - call->start_us);
	call->done(call->context, reply);
}

static void on_result(struct subscriber *subscriber, const struct call_result *result)
{
	struct call *call = (struct call *)subscriber;
	struct rpc_reply reply = {.status = result->status, .sent = result->sent};

	if (result->status == OK &&
	    rpc_answer_read((struct span){result->text, result->size}, call->arena, &reply) != OK)
		reply.status = E_INTERNAL;
	end_call(call, &reply);
}

/* OK: on_result ends the call, or has already ended it. */
static enum status start_call(struct rpc *rpc, const struct rpc_request *request, struct call *call)
{
	const char *queue = request->queue != NULL ? request->queue : call->type->queue;
	const int64_t due_us = due_of(request->deadline_us);
	struct pending_call *pending = NULL;
	enum status status = E_TIMEOUT;

	if (due_us <= monotonic_now())
		return E_TIMEOUT;
	call->subscriber = (struct subscriber){.due_us = due_us, .notify = on_result};
	pending = pending_call_new(rpc->config.contract, request, due_us);
	status = add_call(rpc, pending, queue, &call->subscriber);
	if (status != OK)
		pending_call_free(pending);
	return status;
}

void rpc_call_async(struct rpc *rpc, const struct rpc_request *request, struct arena *arena, rpc_done *done,
		    void *context)
{
	assert(request->type >= 0 && request->type < rpc->config.contract->count);
	struct call *call = arena_new(arena, 1, sizeof(*call));
	struct rpc_request traced = *request;
	struct rpc_reply refused = {.status = OK};

	*call = (struct call){.type = &rpc->config.contract->types[request->type],
			      .start_us = monotonic_now(),
			      .arena = arena,
			      .done = done,
			      .context = context};
	begin_span(call, &traced);
	refused.status = start_call(rpc, &traced, call);
	if (refused.status != OK)
		end_call(call, &refused);
}

/* ---- a call that waits ---- */

struct wait {
	sem_t done;
	struct rpc_reply *reply;
};

static void finish_wait(void *context, const struct rpc_reply *reply)
{
	struct wait *wait = context;

	*wait->reply = *reply;
	sem_post(&wait->done);
}

enum status rpc_call(struct rpc *rpc, const struct rpc_request *request, struct arena *arena,
		     struct rpc_reply *ret_reply)
{
	struct wait wait = {.reply = ret_reply};

	sem_init(&wait.done, 0, 0);
	rpc_call_async(rpc, request, arena, finish_wait, &wait);
	while (sem_wait(&wait.done) != 0)
		assert(errno == EINTR);
	sem_destroy(&wait.done);
	return ret_reply->status;
}
