/* The broker connection of one owner: it reconnects after failures, queues deliveries, and matches confirms to
 * publications. amqp/link.c speaks AMQP. */
#include "amqp/broker.h"

#include "amqp/confirms.h"
#include "amqp/delivery_queue.h"
#include "amqp/hosts.h"
#include "amqp/link.h"
#include "core/backoff.h"
#include "telemetry/connection_metrics.h"

#include <stdio.h>
#include <string.h>

struct broker {
	struct arena texts;
	struct broker_hosts hosts;
	size_t host; /* the one that is or was connected to */
	const char *name;
	int64_t heartbeat_us;
	bool wants_confirms, url_is_bad;

	struct link *link; /* NULL: not connected */
	struct backoff backoff;
	bool consuming, blocked;
	unsigned channel;
	struct confirms confirms;
	struct delivery_queue deliveries;
	int close_code; /* with which the broker closed the connection; 0: connected, or lost otherwise */
	char detail[LINK_DETAIL];
};

/* A limit of the events per broker_tick, so that it ends even if events never cease. */
enum { TICK_EVENTS = 10000 };
static const int64_t stuck_us = 5 * SECOND_US; /* a socket that accepts nothing for this time is closed */

/* ---- life ---- */

static void new_channel(struct broker *broker)
{
	broker->channel++;
	confirms_new_channel(&broker->confirms);
}

struct broker *broker_new(const struct broker_config *config)
{
	struct broker *broker = mem_new(1, sizeof(*broker));

	arena_init(&broker->texts);
	broker->name = arena_format(&broker->texts, "%s/%s", config->program, config->connection_name);
	broker->heartbeat_us = config->heartbeat_us;
	broker->wants_confirms = config->confirms;
	broker->backoff =
		(struct backoff){.first_us = 50 * MS_US, .longest_us = 5 * SECOND_US, .steady_us = 5 * SECOND_US};
	broker->url_is_bad = broker_hosts_parse(config->url, &broker->texts, &broker->hosts) != OK;
	delivery_queue_init(&broker->deliveries);
	confirms_init(&broker->confirms);
	return broker;
}

static void disconnect(struct broker *broker, bool orderly)
{
	link_close(broker->link, orderly);
	broker->link = NULL;
	broker->consuming = broker->blocked = false;
	delivery_queue_clear(&broker->deliveries);
	new_channel(broker);
}

void broker_free(struct broker *broker)
{
	if (broker == NULL)
		return;
	disconnect(broker, false);
	confirms_done(&broker->confirms);
	delivery_queue_done(&broker->deliveries);
	arena_done(&broker->texts);
	free(broker);
}

static enum status connect_to(struct broker *broker, const struct broker_host *host)
{
	const struct link_config config = {.host = host->name,
					   .port = host->port,
					   .tls = broker->hosts.tls,
					   .ca_file = broker->hosts.ca_file,
					   .user = broker->hosts.user,
					   .password = broker->hosts.password,
					   .vhost = broker->hosts.vhost,
					   .name = broker->name,
					   .heartbeat_us = broker->heartbeat_us,
					   .confirms = broker->wants_confirms};

	return link_open(&config, &broker->link, broker->detail);
}

static enum status connect_to_any(struct broker *broker)
{
	for (size_t i = 0; i < broker->hosts.count; i++) {
		if (connect_to(broker, &broker->hosts.hosts[broker->host]) == OK)
			return OK;
		broker->host = (broker->host + 1) % broker->hosts.count;
	}
	return E_UNAVAILABLE;
}

enum status broker_ensure(struct broker *broker)
{
	if (broker->link != NULL)
		return OK;
	if (broker->url_is_bad) {
		snprintf(broker->detail, sizeof(broker->detail),
			 "the broker's URL must look like amqp://user:password@host:port/vhost, or "
			 "amqps://...?cacertfile=/path");
		return E_UNAVAILABLE;
	}
	if (!backoff_is_due(&broker->backoff, monotonic_now()))
		return E_UNAVAILABLE;
	const enum status status = connect_to_any(broker);
	connection_attempts_count("broker", status == OK);
	if (status != OK) {
		backoff_failed(&broker->backoff, monotonic_now());
		return E_UNAVAILABLE;
	}
	backoff_connected(&broker->backoff, monotonic_now());
	broker->close_code = 0;
	new_channel(broker);
	return OK;
}

bool broker_connected(const struct broker *broker)
{
	return broker->link != NULL;
}

void broker_drop(struct broker *broker)
{
	if (broker->link == NULL)
		return;
	disconnect(broker, false);
	backoff_failed(&broker->backoff, monotonic_now());
}

void broker_close(struct broker *broker)
{
	if (broker->link != NULL)
		disconnect(broker, true);
}

/* Drops a link that has failed. */
static enum status lost(struct broker *broker)
{
	snprintf(broker->detail, sizeof(broker->detail), "%s", link_detail(broker->link));
	broker->close_code = link_close_code(broker->link);
	broker_drop(broker);
	return E_UNAVAILABLE;
}

/* 320: an operator closed the connection. 541: the broker's own failure. Neither is about what was sent. */
int broker_close_code(const struct broker *broker)
{
	return broker->close_code == 320 || broker->close_code == 541 ? 0 : broker->close_code;
}

const char *broker_detail(const struct broker *broker)
{
	return broker->detail;
}

const char *broker_user(const struct broker *broker)
{
	return broker->url_is_bad ? "" : broker->hosts.user;
}

/* ---- consuming ---- */

/* The broker has closed the channel, because there is no such queue. The link has opened another one. */
static void channel_closed(struct broker *broker)
{
	snprintf(broker->detail, sizeof(broker->detail), "%s", link_detail(broker->link));
	delivery_queue_clear(&broker->deliveries);
	new_channel(broker);
}

enum status broker_consume(struct broker *broker, const struct broker_consume *consume)
{
	enum status status;

	if (broker->link == NULL)
		return E_UNAVAILABLE;
	status = link_consume(broker->link, consume);
	if (status == E_UNAVAILABLE)
		return lost(broker);
	if (status == E_NOT_FOUND) {
		channel_closed(broker);
	}
	broker->consuming = status == OK;
	return status;
}

enum status broker_depth(struct broker *broker, const char *queue, struct queue_depth *ret_depth)
{
	if (broker->link == NULL)
		return E_UNAVAILABLE;
	const enum status status = link_depth(broker->link, queue, ret_depth);
	if (status == E_UNAVAILABLE)
		return lost(broker);
	if (status == E_NOT_FOUND) {
		channel_closed(broker);
		broker->consuming = false;
	}
	return status;
}

enum status broker_cancel(struct broker *broker)
{
	if (broker->link == NULL)
		return E_UNAVAILABLE;
	if (!broker->consuming)
		return OK;
	broker->consuming = false;
	return link_cancel(broker->link) == OK ? OK : lost(broker);
}

bool broker_consuming(const struct broker *broker)
{
	return broker->consuming;
}

/* Handles every event except a delivery. */
static void handle_event(struct broker *broker, const struct link_event *event)
{
	switch (event->kind) {
	case LINK_ACK:
		confirms_settle(&broker->confirms, event->tag, event->multiple, CONFIRM_ACK);
		break;
	case LINK_NACK:
		confirms_settle(&broker->confirms, event->tag, event->multiple, CONFIRM_NACK);
		break;
	case LINK_RETURN:
		confirms_returned(&broker->confirms, event->text);
		break;
	case LINK_BLOCKED:
		broker->blocked = true;
		snprintf(broker->detail, sizeof(broker->detail), "blocked by the broker: %.200s", event->text);
		break;
	case LINK_UNBLOCKED:
		broker->blocked = false;
		break;
	case LINK_CANCELLED:
		broker->consuming = false;
		snprintf(broker->detail, sizeof(broker->detail), "the broker cancelled the consumer");
		break;
	case LINK_DELIVERY:
		break;
	}
}

enum status broker_next(struct broker *broker, int64_t wait_us, struct arena *arena, struct delivery *ret_delivery)
{
	int64_t until = wait_us > 0 ? monotonic_now() + wait_us : 0;

	if (delivery_queue_pop(&broker->deliveries, arena, ret_delivery))
		return OK;
	while (broker->link != NULL) {
		int64_t left = until > 0 ? until - monotonic_now() : 0;
		struct link_event event;
		enum status status = link_next(broker->link, left, arena, &event);

		if (status == E_TIMEOUT)
			return broker->consuming ? E_TIMEOUT : E_UNAVAILABLE;
		if (status != OK)
			return lost(broker);
		if (event.kind == LINK_DELIVERY) {
			*ret_delivery = event.delivery;
			return OK;
		}
		handle_event(broker, &event);
		if (!broker->consuming)
			return E_UNAVAILABLE;
	}
	return E_UNAVAILABLE;
}

unsigned broker_channel(const struct broker *broker)
{
	return broker->channel;
}

enum status broker_ack(struct broker *broker, uint64_t tag, bool multiple)
{
	if (broker->link == NULL)
		return E_UNAVAILABLE;
	return link_ack(broker->link, tag, multiple) == OK ? OK : lost(broker);
}

/* Receives one event. A delivery is queued. */
static enum status serve_one(struct broker *broker, int64_t wait_us)
{
	struct link_event event;
	enum status status;

	status = link_next(broker->link, wait_us, delivery_queue_arena(&broker->deliveries), &event);
	if (status != OK)
		return status;
	if (event.kind == LINK_DELIVERY)
		delivery_queue_push(&broker->deliveries, &event.delivery);
	else
		handle_event(broker, &event);
	return OK;
}

enum status broker_tick(struct broker *broker, int64_t wait_us)
{
	enum status status = OK;

	if (broker->link == NULL)
		return E_UNAVAILABLE;
	for (int i = 0; i < TICK_EVENTS && status == OK; i++)
		status = serve_one(broker, i == 0 ? wait_us : 0);
	return status == OK || status == E_TIMEOUT ? OK : lost(broker);
}

int broker_fd(const struct broker *broker)
{
	return broker->link != NULL ? link_fd(broker->link) : -1;
}

bool broker_pending(const struct broker *broker)
{
	return !delivery_queue_is_empty(&broker->deliveries) || (broker->link != NULL && link_buffered(broker->link));
}

/* ---- publishing ---- */

/* The socket accepts nothing. Reads meanwhile, because the broker may send connection.blocked. */
static enum status wait_for_room(struct broker *broker, int64_t until_us)
{
	if (monotonic_now() >= until_us) {
		snprintf(broker->detail, sizeof(broker->detail), "the broker has accepted no bytes for 5 s");
		broker_drop(broker);
		return E_UNAVAILABLE;
	}
	link_wait(broker->link, 100 * MS_US);
	return broker_tick(broker, 0);
}

enum status broker_publish(struct broker *broker, const struct publication *publication, uint64_t *ret_sequence)
{
	int64_t until = 0;
	enum status status;
	uint64_t sequence;

	if (broker->link == NULL)
		return E_UNAVAILABLE;
	if (broker->blocked)
		return E_BUSY;
	while ((status = link_publish(broker->link, publication, broker->hosts.user)) == E_BUSY) {
		if (until == 0)
			until = monotonic_now() + stuck_us;
		status = wait_for_room(broker, until);
		if (status != OK)
			return status;
		if (broker->blocked)
			return E_BUSY;
	}
	if (status == E_INVALID)
		return status;
	if (status != OK)
		return lost(broker);
	if (!broker->wants_confirms)
		return OK;
	sequence = confirms_sent(&broker->confirms, publication->message_id);
	if (ret_sequence != NULL)
		*ret_sequence = sequence;
	return OK;
}

bool broker_blocked(const struct broker *broker)
{
	return broker->blocked;
}

size_t broker_confirms(struct broker *broker, struct confirm *ret_confirms, size_t room)
{
	return confirms_take(&broker->confirms, ret_confirms, room);
}
