/* Rows that wait are kept by route; a message takes what waits on one route. */
#include "relay/inflight.h"

#include <assert.h>
#include <string.h>

#include "telemetry/metrics.h"
#include "json/grammar.h"
#include "json/json.h"

/* A row in our hands. */
struct held {
	struct outbox_batch *batch;
	struct outbox_row *row;
};

/* Rows for one (exchange, routing key), oldest first. */
struct route {
	char *exchange, *routing_key;
	enum publish_channel channel;
	struct held *held;
	size_t first, count, room; /* held[first .. count) wait */
};

struct inflight_message {
	enum publish_channel channel;
	uint64_t sequence; /* on that channel */
	int64_t sent_us;   /* monotonic_now */
	struct held *held;
	size_t count;   /* rows */
	int64_t events; /* in them */
	bool alone;     /* its row was under way when the broker closed the connection: nothing goes beside it */
};

struct inflight {
	inflight_settled *arrived;
	void *context;
	struct route *routes;
	size_t route_count;
	size_t waiting, next_route;
	struct inflight_message under_way[INFLIGHT_WINDOW];
	size_t flight_count;
	struct buffer body;
	struct arena arena; /* of one send */
};

static struct metric sent_events = {.name = "comanda_outbox_relay_events_total",
				    .help = "Events sent and confirmed, by type",
				    .type = COUNTER,
				    .label = "type"};
static struct metric sent_messages = {.name = "comanda_outbox_relay_messages_total",
				      .help = "Messages sent, by result",
				      .type = COUNTER,
				      .label = "result"};
static struct metric batch_events = {
	.name = "comanda_outbox_relay_batch_events", .help = "Events sent together in one message", .type = HISTOGRAM};

struct inflight *inflight_new(inflight_settled *arrived, void *context)
{
	struct inflight *inflight = mem_new(1, sizeof(*inflight));

	inflight->arrived = arrived;
	inflight->context = context;
	buffer_init(&inflight->body);
	arena_init(&inflight->arena);
	return inflight;
}

void inflight_free(struct inflight *inflight)
{
	if (inflight == NULL)
		return;
	assert(inflight->waiting == 0 && inflight->flight_count == 0);
	for (size_t i = 0; i < inflight->route_count; i++) {
		free(inflight->routes[i].exchange);
		free(inflight->routes[i].routing_key);
		free(inflight->routes[i].held);
	}
	free(inflight->routes);
	buffer_done(&inflight->body);
	arena_done(&inflight->arena);
	free(inflight);
}

static struct route *route_of(struct inflight *inflight, const struct outbox_row *row)
{
	for (size_t i = 0; i < inflight->route_count; i++) {
		struct route *route = &inflight->routes[i];

		if (strcmp(route->routing_key, row->routing_key) == 0 && strcmp(route->exchange, row->exchange) == 0)
			return route;
	}
	inflight->routes = mem_grow(inflight->routes, (inflight->route_count + 1) * sizeof(struct route));
	struct route *route = &inflight->routes[inflight->route_count++];
	*route = (struct route){.exchange = mem_text(row->exchange),
				.routing_key = mem_text(row->routing_key),
				.channel = publish_channel_of(row->exchange)};
	return route;
}

static void route_add(struct route *route, struct held held)
{
	if (route->count == route->room && route->first > 0) {
		memmove(route->held, route->held + route->first, (route->count - route->first) * sizeof(*route->held));
		route->count -= route->first;
		route->first = 0;
	}
	if (route->count == route->room) {
		route->room = route->room == 0 ? 64 : route->room * 2;
		route->held = mem_grow(route->held, route->room * sizeof(*route->held));
	}
	route->held[route->count++] = held;
}

void inflight_take(struct inflight *inflight, struct outbox_batch *batch)
{
	const int64_t lease_end = timestamp_now() + OUTBOX_LEASE_S * SECOND_US;

	batch->open = 0;
	batch->failed = false;
	for (size_t i = 0; i < batch->count; i++) {
		struct outbox_row *row = &batch->rows[i];

		if (row->due_us > lease_end) /* to be sent later: the sweep will find it */
			continue;
		route_add(route_of(inflight, row), (struct held){batch, row});
		batch->open++;
	}
	inflight->waiting += batch->open;
	if (batch->open == 0)
		inflight_over(inflight->context, batch);
}

size_t inflight_waiting(const struct inflight *inflight)
{
	return inflight->waiting;
}

size_t inflight_unconfirmed(const struct inflight *inflight)
{
	return inflight->flight_count;
}

int64_t inflight_oldest(const struct inflight *inflight)
{
	return inflight->flight_count == 0 ? 0 : inflight->under_way[0].sent_us;
}

static int64_t row_events(const struct outbox_row *row)
{
	return row->events > 1 ? row->events : 1;
}

/* The fate of one row is known. */
static void held_end(struct inflight *inflight, const struct held *held, bool arrived)
{
	struct outbox_batch *batch = held->batch;

	publish_spans_end(held->row->told, held->row->publish_span_count, batch->handed_us, arrived);
	if (arrived) {
		metric_add(&sent_events, held->row->type, row_events(held->row));
		inflight->arrived(inflight->context, batch, held->row);
	} else {
		batch->failed = true;
	}
	if (--batch->open == 0)
		inflight_over(inflight->context, batch);
}

static void inflight_end(struct inflight *inflight, size_t index, bool arrived)
{
	struct inflight_message message = inflight->under_way[index];

	inflight->flight_count--;
	memmove(&inflight->under_way[index], &inflight->under_way[index + 1],
		(inflight->flight_count - index) * sizeof(struct inflight_message));
	for (size_t i = 0; i < message.count; i++)
		held_end(inflight, &message.held[i], arrived);
	free(message.held);
}

/* A row travels in company unless it has headers of its own or is under suspicion. */
static bool sociable(const struct outbox_row *row)
{
	return row->headers == NULL && row->attempts == 0;
}

/* Takes what goes into the next message of a route out of it. */
static void route_take(struct inflight *inflight, struct route *route, struct inflight_message *ret_flight)
{
	const struct held *first = &route->held[route->first];
	size_t bytes = 0, count = 0;
	int64_t events = 0;

	for (size_t i = route->first; i < route->count; i++, count++) {
		const struct outbox_row *row = route->held[i].row;

		if (count > 0 &&
		    (!sociable(first->row) || !sociable(row) || events + row_events(row) > INFLIGHT_EVENTS_MAX ||
		     bytes + row->body.size > INFLIGHT_BYTES_MAX))
			break;
		bytes += row->body.size + 1;
		events += row_events(row);
	}
	*ret_flight = (struct inflight_message){.channel = route->channel,
						.held = mem_new(count, sizeof(struct held)),
						.count = count,
						.events = events,
						.sent_us = monotonic_now(),
						.alone = first->row->attempts > 0};
	memcpy(ret_flight->held, first, count * sizeof(struct held));
	route->first += count;
	inflight->waiting -= count;
}

/* What could not be read goes to the dead letters as it came. */
static bool can_be_set_out(const struct outbox_row *row)
{
	size_t at;

	return row->headers == NULL || json_check(row->body, JSON_DEPTH_MAX, &at) == NULL;
}

/* One event alone is what somebody looks at in the management UI: it is set out to be read. Under load, events travel
 * together, and nothing is spent on that. */
static void compose_body(struct buffer *body, const struct inflight_message *message)
{
	const char *before = "[";

	buffer_clear(body);
	if (message->events == 1) {
		const struct outbox_row *row = message->held[0].row;

		if (can_be_set_out(row))
			json_indent(body, row->body);
		else
			buffer_add(body, row->body.bytes, row->body.size);
		return;
	}
	for (size_t i = 0; i < message->count; i++, before = ",") {
		buffer_text(body, before);
		buffer_add(body, message->held[i].row->body.bytes, message->held[i].row->body.size);
	}
	buffer_text(body, "]");
}

enum { HEADERS_MAX = 16 };

/* The row's headers, from their JSON. What is written there was written by this program. */
static int compose_headers(struct arena *arena, const char *json, struct broker_header *ret_headers)
{
	static const char *const known[] = {"x-dead-reason", "x-dead-code", "x-dead-attempts", "x-dead-origin",
					    "x-dead-first",  "x-dead-last", "x-later-first",   NULL};
	struct faults faults = {0};
	const struct json *object;
	int count = 0;

	if (json == NULL || json_parse(arena, span_of(json), &faults, &object) != OK)
		return 0;
	for (int i = 0; known[i] != NULL && count < HEADERS_MAX; i++) {
		const struct json *member = json_member(object, known[i]);

		if (member != NULL && json_text(member) != NULL)
			ret_headers[count++] = (struct broker_header){.name = known[i], .text = json_text(member)};
	}
	return count;
}

static enum status inflight_publish(struct inflight *inflight, struct broker *broker, struct inflight_message *message)
{
	const struct outbox_row *row = message->held[0].row;
	struct broker_header headers[HEADERS_MAX];
	char id[UUID_TEXT + 1], subject[UUID_TEXT + 1];

	arena_reset(&inflight->arena);
	compose_body(&inflight->body, message);
	uuid_text(&row->id, id);
	uuid_text(&row->subject, subject);
	const bool lone = message->events == 1;
	const struct publication publication = {
		.exchange = row->exchange,
		.routing_key = row->routing_key,
		.content_type = lone ? CLOUDEVENT_TYPE : CLOUDEVENT_BATCH_TYPE,
		.type = row->type,
		.message_id = id,
		.correlation_id = lone && !uuid_is_nil(&row->subject) ? subject : NULL,
		.headers = headers,
		.header_count = compose_headers(&inflight->arena, row->headers, headers),
		.body = {inflight->body.bytes, inflight->body.size},
		.persistent = true,
		.mandatory = true,
		.time_us = row->created_us,
	};
	return broker_publish(broker, &publication, &message->sequence);
}

static enum status send_next(struct inflight *inflight, struct route *route, struct publish_channels *channels)
{
	struct inflight_message message;

	route_take(inflight, route, &message);
	const enum status status = inflight_publish(inflight, channels->brokers[message.channel], &message);
	if (status == OK) {
		metric_observe(&batch_events, NULL, message.events);
		inflight->under_way[inflight->flight_count++] = message;
		return OK;
	}
	/* Not sent: back to where it was. */
	route->first -= message.count;
	inflight->waiting += message.count;
	free(message.held);
	return status;
}

/* May the next message of this route go now? A suspect goes only when nothing else is under way. */
static bool may_go(const struct inflight *inflight, const struct route *route)
{
	if (route->first == route->count)
		return false;
	return inflight->flight_count == 0 ||
	       (!inflight->under_way[0].alone && route->held[route->first].row->attempts == 0);
}

enum status inflight_send(struct inflight *inflight, struct publish_channels *channels)
{
	size_t idle = 0; /* routes in a row that had nothing to send */

	while (inflight->flight_count < INFLIGHT_WINDOW && inflight->waiting > 0 && idle < inflight->route_count) {
		struct route *route = &inflight->routes[inflight->next_route++ % inflight->route_count];

		if (!may_go(inflight, route)) {
			idle++;
			continue;
		}
		idle = 0;
		const enum status status = send_next(inflight, route, channels);
		if (status != OK)
			return status;
	}
	return OK;
}

static void settle_channel(struct inflight *inflight, enum publish_channel channel, struct broker *broker)
{
	static const char *const names[] = {"confirmed", "refused", "returned"};
	struct confirm confirms[INFLIGHT_WINDOW];

	const size_t count = broker_confirms(broker, confirms, INFLIGHT_WINDOW);
	for (size_t i = 0; i < count; i++) {
		metric_add(&sent_messages, names[confirms[i].kind], 1);
		for (size_t f = 0; f < inflight->flight_count; f++) {
			if (inflight->under_way[f].channel != channel ||
			    inflight->under_way[f].sequence != confirms[i].sequence)
				continue;
			inflight_end(inflight, f, confirms[i].kind == CONFIRM_ACK);
			break;
		}
	}
}

void inflight_settle(struct inflight *inflight, struct publish_channels *channels)
{
	for (enum publish_channel channel = 0; channel < CHANNELS; channel++)
		settle_channel(inflight, channel, channels->brokers[channel]);
}

size_t inflight_lost(struct inflight *inflight, const bool blamed[static CHANNELS], struct uuid *ret_ids)
{
	size_t quarantined = 0;

	while (inflight->flight_count > 0) {
		const struct inflight_message *message = &inflight->under_way[0];

		for (size_t i = 0; i < message->count; i++)
			if (blamed[message->channel] && message->held[i].batch->stored)
				ret_ids[quarantined++] = message->held[i].row->id;
		inflight_end(inflight, 0, false);
	}
	for (size_t r = 0; r < inflight->route_count; r++) {
		struct route *route = &inflight->routes[r];

		while (route->first < route->count) {
			inflight->waiting--;
			held_end(inflight, &route->held[route->first++], false);
		}
	}
	return quarantined;
}
