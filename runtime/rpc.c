/* The asking side of RPC, as its callers see it. What they share is in rpc_table.c, the thread that speaks with the
 * broker in rpc_io.c. */
#include "rpc.h"

#include "log.h"
#include "metrics.h"
#include "rpc_io.h"
#include "traced.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct metric outcomes = {.name = "comanda_rpc_calls_total",
				 .help = "Calls ended, by message type and status",
				 .type = COUNTER,
				 .label = "type",
				 .second = "status"};
static struct metric durations = {.name = "comanda_rpc_call_seconds",
				  .help = "From the call to its reply, by message type",
				  .type = HISTOGRAM,
				  .label = "type"};

static const int64_t longest_wait_us = 1 * HOUR_US;

struct rpc *rpc_new(const struct rpc_config *config)
{
	struct rpc *rpc = mem_new(1, sizeof(*rpc));
	const struct broker_config link = {.url = config->broker_url,
					   .program = config->program,
					   .lane = "rpc",
					   .heartbeat_us = config->heartbeat_us,
					   .confirms = true};

	rpc->config = *config;
	rpc_table_init(&rpc->table, &rpc->config);
	arena_init(&rpc->arena);
	rpc_bundle_init(&rpc->bundle);
	rpc->broker = broker_new(&link);
	rpc->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rpc->wake_fd < 0 || pthread_create(&rpc->thread, NULL, rpc_io_run, rpc) != 0) {
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
	pthread_mutex_unlock(&rpc->table.lock);
	wake(rpc);
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
	int64_t now = moment_now(), left = deadline_us - now;

	if (deadline_us > now + longest_wait_us)
		left = longest_wait_us;
	return moment_steady() + left;
}

static enum status enlist(struct rpc *rpc, struct ask **ask, const char *lane, int64_t *due_us)
{
	bool asleep = false;
	enum status status;

	pthread_mutex_lock(&rpc->table.lock);
	status = table_enlist(&rpc->table, ask, lane, due_us);
	/* While the window is full, a reply will wake the thread; once is enough for all who ask meanwhile. */
	if (status == OK && rpc->table.sleeping && lane_can_send(&rpc->table, (*ask)->lane)) {
		rpc->table.sleeping = false;
		asleep = true;
	}
	pthread_mutex_unlock(&rpc->table.lock);
	if (asleep)
		wake(rpc);
	return status;
}

/* The caller gives up, unless the item has ended just now. */
static bool leave(struct rpc *rpc, struct ask *ask, bool *ret_sent)
{
	bool done;

	pthread_mutex_lock(&rpc->table.lock);
	done = ask_is_done(ask);
	*ret_sent = ask->sent != NULL;
	if (!done)
		table_leave(&rpc->table, ask);
	pthread_mutex_unlock(&rpc->table.lock);
	return !done;
}

static void read_end(const struct rpc_end *end, struct arena *arena, struct rpc_reply *ret_reply)
{
	ret_reply->sent = end->sent;
	ret_reply->status = end->status;
	if (end->status == OK && rpc_answer_read((struct span){end->text, end->size}, arena, ret_reply) != OK)
		ret_reply->status = E_INTERNAL;
}

static void ask_and_wait(struct rpc *rpc, struct ask *ask, int64_t due_us, struct arena *arena,
			 struct rpc_reply *ret_reply)
{
	if (!ask_wait(ask, due_us) && leave(rpc, ask, &ret_reply->sent))
		ret_reply->status = E_TIMEOUT;
	else
		read_end(&ask->end, arena, ret_reply);
}

static void call(struct rpc *rpc, const struct rpc_request *request, struct arena *arena, struct rpc_reply *ret_reply)
{
	const struct message_type *type = &rpc->config.contract->types[request->type];
	const char *lane = request->lane != NULL ? request->lane : type->lane;
	int64_t due_us = due_of(request->deadline_us);
	struct ask *ask;

	if (due_us <= moment_steady()) {
		ret_reply->status = E_TIMEOUT;
		return;
	}
	ask = ask_new(rpc->config.contract, request, due_us, &rpc->table.steady);
	ret_reply->status = enlist(rpc, &ask, lane, &due_us);
	if (ret_reply->status == OK)
		ask_and_wait(rpc, ask, due_us, arena, ret_reply);
	ask_release(ask);
}

/* The call's span, below its caller's; what is asked is then below the call's. False: it is not recorded. */
static bool trace_call(const struct message_type *type, struct rpc_request *request, struct traced *span,
		       char text[static TRACEPARENT_TEXT + 1])
{
	struct trace caller;

	if (!tracing_on() || !trace_parse(request->traceparent, &caller) || !caller.sampled)
		return false;
	traced_begin(span, SPAN_CLIENT, type->name, &caller);
	span->message_id = request->id;
	traced_note(span, "messaging.system", "rabbitmq");
	traced_note(span, "messaging.operation.type", "send");
	traced_note(span, "messaging.destination.name", request->lane != NULL ? request->lane : type->lane);
	trace_text(&span->at, text);
	request->traceparent = text;
	return true;
}

static void end_call(struct traced *span, enum status status)
{
	const struct status_rule *rule = status_rule(status);

	traced_note(span, "comanda.status", rule->code);
	span->error = rule->http >= 500 ? rule->code : NULL;
	traced_end(span);
}

enum status rpc_call(struct rpc *rpc, const struct rpc_request *request, struct arena *arena,
		     struct rpc_reply *ret_reply)
{
	assert(request->type >= 0 && request->type < rpc->config.contract->count);
	const struct message_type *type = &rpc->config.contract->types[request->type];
	const int64_t start = moment_steady();
	struct rpc_request asked = *request;
	char text[TRACEPARENT_TEXT + 1];
	struct traced span;

	*ret_reply = (struct rpc_reply){.status = OK};
	const bool traced = trace_call(type, &asked, &span, text);
	call(rpc, &asked, arena, ret_reply);
	if (traced)
		end_call(&span, ret_reply->status);
	metric_add_pair(&outcomes, (struct labels){type->name, status_rule(ret_reply->status)->code}, 1);
	metric_observe(&durations, type->name, moment_steady() - start);
	return ret_reply->status;
}
