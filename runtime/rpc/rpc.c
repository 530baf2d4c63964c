/* The asking side of RPC, as its callers see it. What they share is in rpc/pending_calls.c, the thread that speaks with
 * the broker in rpc/io.c.
 *
 * Those whose time is up are told by a thread of their own: the one that speaks with the broker may be held up by it.
 */
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
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static struct metric confirms = {.name = "comanda_rpc_calls_total",
				 .help = "Calls ended, by message type and status",
				 .type = COUNTER,
				 .label = "type",
				 .second = "status"};
static struct metric durations = {.name = "comanda_rpc_call_duration_seconds",
				  .help = "Time from a call to its reply, by message type",
				  .type = HISTOGRAM,
				  .label = "type"};

static const int64_t longest_wait_us = 1 * HOUR_US;
/* Who gives up within this of another is told with it. */
static const int64_t tick_us = 1 * MS_US;

/* ---- the clock ---- */

static void wait_until_due(struct rpc_table *table)
{
	struct timespec until;

	if (table->first_due_us == INT64_MAX) {
		pthread_cond_wait(&table->sooner, &table->lock);
		return;
	}
	until.tv_sec = (table->first_due_us + tick_us) / SECOND_US;
	until.tv_nsec = (table->first_due_us + tick_us) % SECOND_US * 1000;
	pthread_cond_timedwait(&table->sooner, &table->lock, &until);
}

static void *run_clock(void *argument)
{
	struct rpc *rpc = argument;
	struct rpc_table *table = &rpc->table;

	log_thread("rpc-clock");
	pthread_mutex_lock(&table->lock);
	while (!table->stopping) {
		struct ended ended = {NULL, NULL};

		table_end_late(table, monotonic_now(), &ended);
		if (ended.late == NULL) {
			wait_until_due(table);
			continue;
		}
		pthread_mutex_unlock(&table->lock);
		ended_tell(&ended);
		pthread_mutex_lock(&table->lock);
	}
	pthread_mutex_unlock(&table->lock);
	return NULL;
}

/* ---- life ---- */

struct rpc *rpc_new(const struct rpc_config *config)
{
	struct rpc *rpc = mem_new(1, sizeof(*rpc));
	const struct broker_config link = {.url = config->broker_url,
					   .program = config->program,
					   .connection_name = "rpc",
					   .heartbeat_us = config->heartbeat_us,
					   .confirms = true};

	rpc->config = *config;
	rpc_table_init(&rpc->table, &rpc->config);
	arena_init(&rpc->arena);
	rpc_bundle_init(&rpc->bundle);
	rpc->broker = broker_new(&link);
	rpc->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rpc->wake_fd < 0 || pthread_create(&rpc->thread, NULL, rpc_io_run, rpc) != 0 ||
	    pthread_create(&rpc->clock, NULL, run_clock, rpc) != 0) {
		/* Without them nothing can ever be asked, and nothing has begun yet. */
		perror("rpc");
		abort();
	}
	return rpc;
}

static void wake(struct rpc *rpc)
{
	static const uint64_t one = 1;

	if (write(rpc->wake_fd, &one, sizeof(one)) < 0)
		log_warn("rpc.wake", kv_text("detail", "the wake-up could not be written"));
}

void rpc_free(struct rpc *rpc)
{
	if (rpc == NULL)
		return;
	pthread_mutex_lock(&rpc->table.lock);
	rpc->table.stopping = true;
	pthread_cond_signal(&rpc->table.sooner);
	pthread_mutex_unlock(&rpc->table.lock);
	wake(rpc);
	pthread_join(rpc->clock, NULL);
	pthread_join(rpc->thread, NULL);
	broker_free(rpc->broker);
	rpc_bundle_done(&rpc->bundle);
	arena_done(&rpc->arena);
	close(rpc->wake_fd);
	rpc_table_done(&rpc->table);
	free(rpc);
}

bool rpc_connected(const struct rpc *rpc)
{
	/* The lock is no part of what the caller must not see changed. */
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&rpc->table.lock;
	bool connected;

	pthread_mutex_lock(lock);
	connected = rpc->table.connected;
	pthread_mutex_unlock(lock);
	return connected;
}

/* ---- a call ---- */

static int64_t due_of(int64_t deadline_us)
{
	int64_t now = timestamp_now(), left = deadline_us - now;

	if (deadline_us > now + longest_wait_us)
		left = longest_wait_us;
	return monotonic_now() + left;
}

static enum status enlist(struct rpc *rpc, struct ask *ask, const char *queue, struct subscriber *subscriber)
{
	bool asleep = false;
	enum status status;

	pthread_mutex_lock(&rpc->table.lock);
	status = table_enlist(&rpc->table, ask, queue, subscriber);
	/* While the window is full, a reply will wake the thread; once is enough for all who ask meanwhile. */
	if (status == OK && rpc->table.sleeping && queue_can_send(&rpc->table, subscriber->ask->queue)) {
		rpc->table.sleeping = false;
		asleep = true;
	}
	pthread_mutex_unlock(&rpc->table.lock);
	if (asleep)
		wake(rpc);
	return status;
}

/* A call until its end; lives in the caller's arena. */
struct question {
	struct subscriber subscriber; /* first: it stands for the question */
	const struct message_type *type;
	int64_t start_us;
	struct trace_span *span; /* NULL: not recorded */
	struct arena *arena;
	rpc_done *done;
	void *context;
};

/* The call's span, below its caller's; what is asked is then below the call's. */
static void trace_call(struct question *question, struct rpc_request *request)
{
	const struct message_type *type = question->type;
	char text[TRACEPARENT_TEXT + 1];
	struct trace caller;
	struct trace_span *span = NULL;

	if (!tracing_on() || !trace_parse(request->traceparent, &caller) || !caller.sampled)
		return;
	span = question->span = arena_new(question->arena, 1, sizeof(*span));
	span_begin(span, SPAN_CLIENT, type->name, &caller);
	span->message_id = request->id;
	span_attribute(span, "messaging.system", "rabbitmq");
	span_attribute(span, "messaging.operation.type", "send");
	span_attribute(span, "messaging.destination.name", request->queue != NULL ? request->queue : type->queue);
	trace_text(&span->at, text);
	request->traceparent = arena_text(question->arena, text);
}

static void end_span(struct trace_span *span, enum status status)
{
	const struct status_rule *rule = status_rule(status);

	span_attribute(span, "comanda.status", rule->code);
	span->error = rule->http >= 500 ? rule->code : NULL;
	span_end(span);
}

/* With `done` the arena may go, and the question in it. */
static void end_call(const struct question *question, const struct rpc_reply *reply)
{
	const char *type = question->type->name;

	if (question->span != NULL)
		end_span(question->span, reply->status);
	metric_add_pair(&confirms, (struct labels){type, status_rule(reply->status)->code}, 1);
	metric_observe(&durations, type, monotonic_now() - question->start_us);
	question->done(question->context, reply);
}

static void take_end(struct subscriber *subscriber, const struct rpc_end *end)
{
	struct question *question = (struct question *)subscriber;
	struct rpc_reply reply = {.status = end->status, .sent = end->sent};

	if (end->status == OK && rpc_answer_read((struct span){end->text, end->size}, question->arena, &reply) != OK)
		reply.status = E_INTERNAL;
	end_call(question, &reply);
}

/* OK: somebody else ends the call now, or has already. */
static enum status begin_call(struct rpc *rpc, const struct rpc_request *request, struct question *question)
{
	const char *queue = request->queue != NULL ? request->queue : question->type->queue;
	const int64_t due_us = due_of(request->deadline_us);
	struct ask *ask = NULL;
	enum status status = E_TIMEOUT;

	if (due_us <= monotonic_now())
		return E_TIMEOUT;
	question->subscriber = (struct subscriber){.due_us = due_us, .tell = take_end};
	ask = ask_new(rpc->config.contract, request, due_us);
	status = enlist(rpc, ask, queue, &question->subscriber);
	if (status != OK)
		ask_free(ask);
	return status;
}

void rpc_call_async(struct rpc *rpc, const struct rpc_request *request, struct arena *arena, rpc_done *done,
		    void *context)
{
	assert(request->type >= 0 && request->type < rpc->config.contract->count);
	struct question *question = arena_new(arena, 1, sizeof(*question));
	struct rpc_request asked = *request;
	struct rpc_reply refused = {.status = OK};

	*question = (struct question){.type = &rpc->config.contract->types[request->type],
				      .start_us = monotonic_now(),
				      .arena = arena,
				      .done = done,
				      .context = context};
	trace_call(question, &asked);
	refused.status = begin_call(rpc, &asked, question);
	if (refused.status != OK)
		end_call(question, &refused);
}

/* ---- a call that is waited for ---- */

struct wait {
	sem_t told;
	struct rpc_reply *reply;
};

static void take_reply(void *context, const struct rpc_reply *reply)
{
	struct wait *wait = context;

	*wait->reply = *reply;
	sem_post(&wait->told);
}

enum status rpc_call(struct rpc *rpc, const struct rpc_request *request, struct arena *arena,
		     struct rpc_reply *ret_reply)
{
	struct wait wait = {.reply = ret_reply};

	sem_init(&wait.told, 0, 0);
	rpc_call_async(rpc, request, arena, take_reply, &wait);
	while (sem_wait(&wait.told) != 0)
		assert(errno == EINTR);
	sem_destroy(&wait.told);
	return ret_reply->status;
}
