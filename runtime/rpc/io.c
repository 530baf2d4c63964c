/* The RPC thread. One pass: read the replies that have arrived, read publisher confirms, expire messages, send what
 * waits. Then it sleeps until the broker or a caller has something. */
#include "rpc/io.h"

#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <poll.h>
#include <string.h>

static struct metric messages = {.name = "comanda_rpc_messages_total",
				 .help = "Request messages sent; each holds the requests that waited together",
				 .type = COUNTER,
				 .label = "queue"};
static struct metric stray_replies = {.name = "comanda_rpc_stray_replies_total",
				      .help = "Replies that arrived after their call had ended",
				      .type = COUNTER};

static const int64_t reconnect_pause_us = 25 * MS_US;
static const int64_t longest_sleep_us = 500 * MS_US;
static const int64_t log_interval_us = 5 * SECOND_US;

enum { REPLIES_PER_PASS = 64 };

/* `lost`: the request was sent, and whether the service received it is not known. */
static const struct call_result not_sent = {.status = E_UNAVAILABLE};
static const struct call_result lost = {.status = E_UNAVAILABLE, .sent = true};

/* ---- the connection ---- */

static void set_connected(struct rpc *rpc, bool connected)
{
	struct ended_calls ended = {.calls = NULL};

	pthread_mutex_lock(&rpc->table.lock);
	rpc->table.connected = connected;
	rpc->table.blocked = false;
	if (!connected) {
		call_table_end_waiting(&rpc->table, &not_sent, &ended);
		/* Direct reply-to sends replies to this connection only, so none will arrive. */
		while (rpc->table.messages != NULL)
			call_table_end_message(&rpc->table, rpc->table.messages, &lost, &ended);
	}
	pthread_mutex_unlock(&rpc->table.lock);
	ended_calls_notify(&ended);
}

static void log_unavailable(struct rpc *rpc)
{
	if (monotonic_now() < rpc->next_log_us)
		return;
	rpc->next_log_us = monotonic_now() + log_interval_us;
	log_warn("broker.unavailable", kv_text("detail", broker_detail(rpc->broker)));
}

static enum status connect_broker(struct rpc *rpc)
{
	static const struct broker_consume replies = {.queue = "amq.rabbitmq.reply-to", .no_ack = true};

	if (broker_consuming(rpc->broker))
		return OK;
	if (rpc->table.connected) {
		log_warn("rpc.disconnected", kv_text("detail", broker_detail(rpc->broker)));
		set_connected(rpc, false);
	}
	if (broker_ensure(rpc->broker) != OK) {
		log_unavailable(rpc);
		return E_UNAVAILABLE;
	}
	if (broker_consume(rpc->broker, &replies) != OK) {
		broker_drop(rpc->broker);
		return E_UNAVAILABLE;
	}
	log_info("rpc.connected", kv_text("user", broker_user(rpc->broker)));
	set_connected(rpc, true);
	return OK;
}

/* The broker blocks a connection while it is short of memory or disk (AMQP's connection.blocked). */
static void update_blocked(struct rpc *rpc)
{
	bool blocked = broker_blocked(rpc->broker);
	struct ended_calls ended = {.calls = NULL};

	if (blocked == rpc->table.blocked)
		return;
	log_warn(blocked ? "rpc.blocked" : "rpc.unblocked", kv_text("detail", broker_detail(rpc->broker)));
	pthread_mutex_lock(&rpc->table.lock);
	rpc->table.blocked = blocked;
	if (blocked)
		call_table_end_waiting(&rpc->table, &not_sent, &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_calls_notify(&ended);
}

/* ---- replies ---- */

static void process_reply(struct rpc *rpc, const struct delivery *delivery)
{
	struct rpc_slices slices;
	struct ended_calls ended = {.calls = NULL};
	size_t stray;

	if (rpc_wire_slice(delivery->body, &rpc->arena, &slices) != OK) {
		log_warn("rpc.unreadable_reply", kv_text("user", delivery->user_id));
		return;
	}
	stray = slices.skipped;
	pthread_mutex_lock(&rpc->table.lock);
	for (size_t i = 0; i < slices.count; i++)
		stray += !call_table_complete(&rpc->table, &slices.items[i], delivery->user_id, &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_calls_notify(&ended);
	if (stray > 0) {
		metric_add(&stray_replies, NULL, (int64_t)stray);
		log_debug("rpc.stray_replies", kv_int("items", stray), kv_text("user", delivery->user_id));
	}
}

static void process_replies(struct rpc *rpc)
{
	for (int i = 0; i < REPLIES_PER_PASS; i++) {
		struct delivery delivery;

		arena_reset(&rpc->arena);
		if (broker_next(rpc->broker, 0, &rpc->arena, &delivery) != OK)
			return;
		process_reply(rpc, &delivery);
	}
}

/* ---- publisher confirms ---- */

static struct rpc_message *find_message(struct call_table *table, uint64_t sequence)
{
	struct rpc_message *message = table->messages;

	while (message != NULL && message->sequence != sequence)
		message = message->next;
	return message;
}

/* A message is refused when the queue is full, and returned when there is no such queue. In neither case a service
 * received it. */
static void end_unroutable(struct rpc *rpc, const struct confirm *confirm)
{
	const struct call_result result = {.status = confirm->kind == CONFIRM_NACK ? E_BUSY : E_UNAVAILABLE};
	struct ended_calls ended = {.calls = NULL};
	struct rpc_message *message;

	pthread_mutex_lock(&rpc->table.lock);
	message = find_message(&rpc->table, confirm->sequence);
	if (message != NULL)
		call_table_end_message(&rpc->table, message, &result, &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_calls_notify(&ended);
}

static void process_confirms(struct rpc *rpc)
{
	struct confirm confirms[64];
	size_t count;

	while ((count = broker_confirms(rpc->broker, confirms, 64)) > 0)
		for (size_t i = 0; i < count; i++)
			if (confirms[i].kind != CONFIRM_ACK)
				end_unroutable(rpc, &confirms[i]);
}

static void expire_messages(struct rpc *rpc)
{
	struct ended_calls ended = {.calls = NULL};

	pthread_mutex_lock(&rpc->table.lock);
	call_table_expire_messages(&rpc->table, monotonic_now(), &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_calls_notify(&ended);
}

/* ---- sending ---- */

static enum status publish(struct rpc *rpc, struct rpc_message *message)
{
	char id[UUID_TEXT + 1];
	int64_t left = message->due_us - monotonic_now();
	const struct publication publication = {.exchange = "rpc",
						.routing_key = message->queue->name,
						.content_type = "application/json",
						.type = message->type,
						.message_id = id,
						.correlation_id = id,
						.reply_to = "amq.rabbitmq.reply-to",
						.body = rpc_bundle_body(&rpc->bundle),
						.mandatory = true,
						.expiration_us = left > MS_US ? left : MS_US,
						.time_us = timestamp_now()};

	uuid_text(&message->id, id);
	return broker_publish(rpc->broker, &publication, &message->sequence);
}

/* Sends one message to a queue. False: there is none to send, or it could not be sent. */
static bool send_one(struct rpc *rpc, struct rpc_queue *queue)
{
	struct ended_calls ended = {.calls = NULL};
	struct rpc_message *message;
	enum status status;

	pthread_mutex_lock(&rpc->table.lock);
	message = rpc_queue_next_message(&rpc->table, queue, &rpc->bundle);
	pthread_mutex_unlock(&rpc->table.lock);
	if (message == NULL)
		return false;
	status = publish(rpc, message);
	if (status == OK) {
		metric_add(&messages, queue->name, 1);
		return true;
	}
	pthread_mutex_lock(&rpc->table.lock);
	call_table_end_message(&rpc->table, message, status == E_BUSY ? &not_sent : &lost, &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_calls_notify(&ended);
	return false;
}

static void send_waiting(struct rpc *rpc)
{
	for (size_t i = 0; i < rpc->table.queue_count; i++)
		while (broker_connected(rpc->broker) && send_one(rpc, &rpc->table.queues[i]))
			;
}

/* ---- sleeping ---- */

/* The longest sleep until a message expires; 0 when there is something to send. */
static int64_t sleep_time(struct call_table *table)
{
	int64_t now = monotonic_now(), longest = longest_sleep_us;

	for (size_t i = 0; i < table->queue_count; i++)
		if (rpc_queue_can_send(table, &table->queues[i]))
			return 0;
	for (const struct rpc_message *message = table->messages; message != NULL; message = message->next)
		if (message->due_us - now < longest)
			longest = message->due_us > now ? message->due_us - now : 0;
	return longest;
}

static void sleep_for(struct rpc *rpc, int64_t wait_us)
{
	struct pollfd fds[] = {{.fd = rpc->wake.fd, .events = POLLIN},
			       {.fd = broker_fd(rpc->broker), .events = POLLIN}};

	poll(fds, 2, (int)((wait_us + MS_US - 1) / MS_US));
	if (fds[0].revents != 0)
		wake_clear(&rpc->wake);
}

static void sleep_until_needed(struct rpc *rpc)
{
	int64_t wait_us = 0;

	if (broker_pending(rpc->broker))
		return;
	pthread_mutex_lock(&rpc->table.lock);
	if (!rpc->table.stopping)
		wait_us = sleep_time(&rpc->table);
	rpc->table.sleeping = wait_us > 0;
	pthread_mutex_unlock(&rpc->table.lock);
	if (wait_us == 0)
		return;
	sleep_for(rpc, wait_us);
	pthread_mutex_lock(&rpc->table.lock);
	rpc->table.sleeping = false;
	pthread_mutex_unlock(&rpc->table.lock);
}

static bool is_stopping(struct rpc *rpc)
{
	bool stopping;

	pthread_mutex_lock(&rpc->table.lock);
	stopping = rpc->table.stopping;
	pthread_mutex_unlock(&rpc->table.lock);
	return stopping;
}

void *rpc_io_run(void *argument)
{
	struct rpc *rpc = argument;

	log_thread("rpc");
	while (!is_stopping(rpc)) {
		if (connect_broker(rpc) != OK) {
			sleep_for(rpc, reconnect_pause_us);
			continue;
		}
		process_replies(rpc);
		process_confirms(rpc);
		update_blocked(rpc);
		expire_messages(rpc);
		send_waiting(rpc);
		sleep_until_needed(rpc);
	}
	set_connected(rpc, false);
	broker_close(rpc->broker);
	return NULL;
}
