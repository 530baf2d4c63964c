/* A turn: take the replies that have come, look what became of messages, give back overdue slots, send what waits; then
 * sleep until the broker or a caller has something. */
#include "rpc/io.h"

#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

static struct metric messages = {.name = "comanda_rpc_messages_total",
				 .help = "Request messages sent; each holds the requests that waited together",
				 .type = COUNTER,
				 .label = "queue"};
static struct metric strays = {.name = "comanda_rpc_stray_replies_total",
			       .help = "Replies that arrived after their call had ended",
			       .type = COUNTER};

static const int64_t nap_us = 25 * MS_US, longest_sleep_us = 500 * MS_US, complaint_us = 5 * SECOND_US;

enum { REPLIES_A_TURN = 64 };

/* ---- the connection ---- */

static void set_connected(struct rpc *rpc, bool connected)
{
	static const struct rpc_end not_sent = {.status = E_UNAVAILABLE},
				    sent = {.status = E_UNAVAILABLE, .sent = true};
	struct ended ended = {NULL, NULL};

	pthread_mutex_lock(&rpc->table.lock);
	rpc->table.connected = connected;
	rpc->table.blocked = false;
	if (!connected) {
		table_end_waiting(&rpc->table, &not_sent, &ended);
		/* Replies come to this connection alone, so none will. */
		while (rpc->table.sent != NULL)
			table_end_message(&rpc->table, rpc->table.sent, &sent, &ended);
	}
	pthread_mutex_unlock(&rpc->table.lock);
	ended_tell(&ended);
}

static void say_away(struct rpc *rpc)
{
	if (monotonic_now() < rpc->next_complaint)
		return;
	rpc->next_complaint = monotonic_now() + complaint_us;
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
		say_away(rpc);
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

static void note_blocked(struct rpc *rpc)
{
	static const struct rpc_end not_sent = {.status = E_UNAVAILABLE};
	bool blocked = broker_blocked(rpc->broker);
	struct ended ended = {NULL, NULL};

	if (blocked == rpc->table.blocked)
		return;
	log_warn(blocked ? "rpc.blocked" : "rpc.unblocked", kv_text("detail", broker_detail(rpc->broker)));
	pthread_mutex_lock(&rpc->table.lock);
	rpc->table.blocked = blocked;
	if (blocked)
		table_end_waiting(&rpc->table, &not_sent, &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_tell(&ended);
}

/* ---- replies ---- */

static void take_reply(struct rpc *rpc, const struct delivery *delivery)
{
	struct rpc_slices slices;
	struct ended ended = {NULL, NULL};
	size_t stray;

	if (rpc_wire_slice(delivery->body, &rpc->arena, &slices) != OK) {
		log_warn("rpc.unreadable_reply", kv_text("user", delivery->user_id));
		return;
	}
	stray = slices.skipped;
	pthread_mutex_lock(&rpc->table.lock);
	for (size_t i = 0; i < slices.count; i++)
		stray += !table_answer(&rpc->table, &slices.items[i], delivery->user_id, &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_tell(&ended);
	if (stray > 0) {
		metric_add(&strays, NULL, (int64_t)stray);
		log_debug("rpc.stray_replies", kv_int("items", stray), kv_text("user", delivery->user_id));
	}
}

static void take_replies(struct rpc *rpc)
{
	for (int i = 0; i < REPLIES_A_TURN; i++) {
		struct delivery delivery;

		arena_reset(&rpc->arena);
		if (broker_next(rpc->broker, 0, &rpc->arena, &delivery) != OK)
			return;
		take_reply(rpc, &delivery);
	}
}

/* ---- what became of requests ---- */

static struct sent *find_sent(struct rpc_table *table, uint64_t sequence)
{
	struct sent *sent = table->sent;

	while (sent != NULL && sent->sequence != sequence)
		sent = sent->next;
	return sent;
}

/* Refused: the queue is full. Returned: there is no such queue. Neither was received. */
static void end_refused(struct rpc *rpc, const struct outcome *outcome)
{
	const struct rpc_end end = {.status = outcome->kind == OUTCOME_REFUSED ? E_BUSY : E_UNAVAILABLE};
	struct ended ended = {NULL, NULL};
	struct sent *sent;

	pthread_mutex_lock(&rpc->table.lock);
	sent = find_sent(&rpc->table, outcome->sequence);
	if (sent != NULL)
		table_end_message(&rpc->table, sent, &end, &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_tell(&ended);
}

static void take_outcomes(struct rpc *rpc)
{
	struct outcome confirms[64];
	size_t count;

	while ((count = broker_outcomes(rpc->broker, confirms, 64)) > 0)
		for (size_t i = 0; i < count; i++)
			if (confirms[i].kind != OUTCOME_CONFIRMED)
				end_refused(rpc, &confirms[i]);
}

static void expire(struct rpc *rpc)
{
	struct ended ended = {NULL, NULL};

	pthread_mutex_lock(&rpc->table.lock);
	table_expire(&rpc->table, monotonic_now(), &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_tell(&ended);
}

/* ---- sending ---- */

static enum status publish(struct rpc *rpc, struct sent *sent)
{
	char id[UUID_TEXT + 1];
	int64_t left = sent->due_us - monotonic_now();
	const struct publication publication = {.exchange = "rpc",
						.routing_key = sent->queue->name,
						.content_type = "application/json",
						.type = sent->type,
						.message_id = id,
						.correlation_id = id,
						.reply_to = "amq.rabbitmq.reply-to",
						.body = rpc_bundle_body(&rpc->bundle),
						.mandatory = true,
						.expiration_us = left > MS_US ? left : MS_US,
						.time_us = timestamp_now()};

	uuid_text(&sent->id, id);
	return broker_publish(rpc->broker, &publication, &sent->sequence);
}

/* One message of a queue; false where it has none to send. */
static bool send_one(struct rpc *rpc, struct rpc_queue *queue)
{
	static const struct rpc_end not_sent = {.status = E_UNAVAILABLE},
				    unknown = {.status = E_UNAVAILABLE, .sent = true};
	struct ended ended = {NULL, NULL};
	struct sent *sent;
	enum status status;

	pthread_mutex_lock(&rpc->table.lock);
	sent = queue_take(&rpc->table, queue, &rpc->bundle);
	pthread_mutex_unlock(&rpc->table.lock);
	if (sent == NULL)
		return false;
	status = publish(rpc, sent);
	if (status == OK) {
		metric_add(&messages, queue->name, 1);
		return true;
	}
	pthread_mutex_lock(&rpc->table.lock);
	table_end_message(&rpc->table, sent, status == E_BUSY ? &not_sent : &unknown, &ended);
	pthread_mutex_unlock(&rpc->table.lock);
	ended_tell(&ended);
	return false;
}

static void send_waiting(struct rpc *rpc)
{
	for (size_t i = 0; i < rpc->table.consumer_count; i++)
		while (broker_connected(rpc->broker) && send_one(rpc, &rpc->table.queues[i]))
			;
}

/* ---- sleeping ---- */

/* When to wake at the latest; 0 where there is something to send. */
static int64_t sleep_time(struct rpc_table *table)
{
	int64_t now = monotonic_now(), longest = longest_sleep_us;

	for (size_t i = 0; i < table->consumer_count; i++)
		if (queue_can_send(table, &table->queues[i]))
			return 0;
	for (const struct sent *sent = table->sent; sent != NULL; sent = sent->next)
		if (sent->due_us - now < longest)
			longest = sent->due_us > now ? sent->due_us - now : 0;
	return longest;
}

static void sleep_for(struct rpc *rpc, int64_t wait_us)
{
	struct pollfd fds[] = {{.fd = rpc->wake_fd, .events = POLLIN},
			       {.fd = broker_fd(rpc->broker), .events = POLLIN}};
	uint64_t count;

	poll(fds, 2, (int)((wait_us + MS_US - 1) / MS_US));
	if (fds[0].revents != 0 && read(rpc->wake_fd, &count, sizeof(count)) < 0)
		log_warn("rpc.wake", kv_text("detail", "the wake-up could not be read"));
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
			sleep_for(rpc, nap_us);
			continue;
		}
		take_replies(rpc);
		take_outcomes(rpc);
		note_blocked(rpc);
		expire(rpc);
		send_waiting(rpc);
		sleep_until_needed(rpc);
	}
	set_connected(rpc, false);
	broker_close(rpc->broker);
	return NULL;
}
