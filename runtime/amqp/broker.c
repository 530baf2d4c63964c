/* The broker connection as its owner sees it: comes back after failures, keeps what came while nobody asked for it, and
 * knows what became of publications. AMQP itself is amqp/link.c's. */
#include "amqp/broker.h"

#include "amqp/confirms.h"
#include "amqp/hosts.h"
#include "amqp/link.h"
#include "core/backoff.h"
#include "telemetry/connection_metrics.h"

#include <stdio.h>
#include <string.h>

/* A delivery that came while its owner was waiting for something else. */
struct held {
	struct arena arena;
	struct delivery delivery;
	struct held *next;
};

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
	struct held *oldest, *newest;
	struct held *spare; /* takes the next event, whatever it is */
	int close_code;     /* with which the broker closed the connection; 0: it is there, or was lost otherwise */
	char detail[LINK_DETAIL];
};

/* The most events that one tick takes, so that it ends even where they never cease. */
enum { TICK_EVENTS = 10000 };
static const int64_t stuck_us = 5 * SECOND_US; /* a socket that takes nothing for so long is given up */

/* ---- held deliveries ---- */

static struct held *held_new(void)
{
	struct held *held = mem_new(1, sizeof(*held));

	arena_init(&held->arena);
	return held;
}

static void held_free(struct held *held)
{
	arena_done(&held->arena);
	free(held);
}

static void hold(struct broker *broker, const struct delivery *delivery)
{
	struct held *held = broker->spare;

	held->delivery = *delivery;
	if (broker->newest != NULL)
		broker->newest->next = held;
	else
		broker->oldest = held;
	broker->newest = held;
	broker->spare = held_new();
}

static void let_go(struct broker *broker)
{
	while (broker->oldest != NULL) {
		struct held *held = broker->oldest;

		broker->oldest = held->next;
		held_free(held);
	}
	broker->newest = NULL;
}

static struct delivery copy_delivery(const struct delivery *from, struct arena *arena)
{
	struct delivery copy = *from;
	struct broker_header *headers = arena_new(arena, (size_t)from->header_count, sizeof(*headers));

	for (int i = 0; i < from->header_count; i++) {
		headers[i] = from->headers[i];
		headers[i].name = arena_text(arena, from->headers[i].name);
		headers[i].text = arena_text(arena, from->headers[i].text);
	}
	copy.headers = headers;
	copy.exchange = arena_text(arena, from->exchange);
	copy.routing_key = arena_text(arena, from->routing_key);
	copy.content_type = arena_text(arena, from->content_type);
	copy.type = arena_text(arena, from->type);
	copy.user_id = arena_text(arena, from->user_id);
	copy.message_id = arena_text(arena, from->message_id);
	copy.correlation_id = arena_text(arena, from->correlation_id);
	copy.reply_to = arena_text(arena, from->reply_to);
	copy.body.bytes = arena_copy(arena, from->body.bytes, from->body.size);
	return copy;
}

static bool take_held(struct broker *broker, struct arena *arena, struct delivery *ret_delivery)
{
	struct held *held = broker->oldest;

	if (held == NULL)
		return false;
	*ret_delivery = copy_delivery(&held->delivery, arena);
	broker->oldest = held->next;
	if (broker->oldest == NULL)
		broker->newest = NULL;
	held_free(held);
	return true;
}

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
	broker->spare = held_new();
	confirms_init(&broker->confirms);
	return broker;
}

static void disconnect(struct broker *broker, bool orderly)
{
	link_close(broker->link, orderly);
	broker->link = NULL;
	broker->consuming = broker->blocked = false;
	let_go(broker);
	new_channel(broker);
}

void broker_free(struct broker *broker)
{
	if (broker == NULL)
		return;
	disconnect(broker, false);
	confirms_done(&broker->confirms);
	held_free(broker->spare);
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

/* Gives up a link that failed. */
static enum status lost(struct broker *broker)
{
	snprintf(broker->detail, sizeof(broker->detail), "%s", link_detail(broker->link));
	broker->close_code = link_close_code(broker->link);
	broker_drop(broker);
	return E_UNAVAILABLE;
}

/* 320: an operator closed the connection. 541: the broker's own failure. Neither says anything of what was sent. */
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

enum status broker_consume(struct broker *broker, const struct broker_consume *consume)
{
	enum status status;

	if (broker->link == NULL)
		return E_UNAVAILABLE;
	status = link_consume(broker->link, consume);
	if (status == E_UNAVAILABLE)
		return lost(broker);
	if (status == E_NOT_FOUND) {
		snprintf(broker->detail, sizeof(broker->detail), "%s", link_detail(broker->link));
		let_go(broker);
		new_channel(broker);
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
		snprintf(broker->detail, sizeof(broker->detail), "%s", link_detail(broker->link));
		let_go(broker);
		new_channel(broker);
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

/* Everything but a delivery. */
static void note_event(struct broker *broker, const struct link_event *event)
{
	switch (event->kind) {
	case LINK_ACK:
		confirms_settle(&broker->confirms, event->tag, event->multiple, OUTCOME_CONFIRMED);
		break;
	case LINK_NACK:
		confirms_settle(&broker->confirms, event->tag, event->multiple, OUTCOME_REFUSED);
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

	if (take_held(broker, arena, ret_delivery))
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
		note_event(broker, &event);
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

/* One event, kept or noted. */
static enum status serve_one(struct broker *broker, int64_t wait_us)
{
	struct link_event event;
	enum status status;

	arena_reset(&broker->spare->arena);
	status = link_next(broker->link, wait_us, &broker->spare->arena, &event);
	if (status != OK)
		return status;
	if (event.kind == LINK_DELIVERY)
		hold(broker, &event.delivery);
	else
		note_event(broker, &event);
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
	return broker->oldest != NULL || (broker->link != NULL && link_buffered(broker->link));
}

/* ---- publishing ---- */

/* The socket takes nothing: listens meanwhile, since a blocked connection is what the broker then speaks of. */
static enum status wait_for_room(struct broker *broker, int64_t until_us)
{
	if (monotonic_now() >= until_us) {
		snprintf(broker->detail, sizeof(broker->detail), "the broker takes nothing");
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

size_t broker_outcomes(struct broker *broker, struct outcome *ret_outcomes, size_t room)
{
	return confirms_take(&broker->confirms, ret_outcomes, room);
}
