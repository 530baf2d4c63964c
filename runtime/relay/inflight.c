/* One list of waiting rows per route. A message carries the rows of one route. */
#include "relay/inflight.h"

#include <assert.h>
#include <string.h>

#include "relay/outbox_message.h"
#include "telemetry/metrics.h"

/* Rows for one (exchange, routing key), oldest first. */
struct route {
	char *exchange, *routing_key;
	enum publish_connection connection;
	struct held_row *rows;
	size_t first, count, room; /* rows[first .. count) wait */
};

struct inflight_message {
	struct outbox_message message;
	enum publish_connection connection;
	uint64_t sequence; /* on that connection */
	int64_t sent_us;   /* monotonic_now */
	bool quarantined;  /* its row was in flight when the broker closed the connection: nothing is sent beside it */
};

struct inflight {
	struct inflight_events events;
	struct route *routes;
	size_t route_count;
	size_t waiting, next_route;
	struct inflight_message messages[INFLIGHT_WINDOW];
	size_t message_count;
	struct buffer body; /* of one message */
	struct arena arena; /* of one message */
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

struct inflight *inflight_new(const struct inflight_events *events)
{
	struct inflight *inflight = mem_new(1, sizeof(*inflight));

	inflight->events = *events;
	buffer_init(&inflight->body);
	arena_init(&inflight->arena);
	return inflight;
}

void inflight_free(struct inflight *inflight)
{
	if (inflight == NULL)
		return;
	assert(inflight->waiting == 0 && inflight->message_count == 0);
	for (size_t i = 0; i < inflight->route_count; i++) {
		free(inflight->routes[i].exchange);
		free(inflight->routes[i].routing_key);
		free(inflight->routes[i].rows);
	}
	free(inflight->routes);
	buffer_done(&inflight->body);
	arena_done(&inflight->arena);
	free(inflight);
}

/* ---- rows that wait ---- */

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
				.connection = publish_connection_of(row->exchange)};
	return route;
}

static void route_add(struct route *route, struct held_row row)
{
	if (route->count == route->room && route->first > 0) {
		memmove(route->rows, route->rows + route->first, (route->count - route->first) * sizeof(*route->rows));
		route->count -= route->first;
		route->first = 0;
	}
	if (route->count == route->room) {
		route->room = route->room == 0 ? 64 : route->room * 2;
		route->rows = mem_grow(route->rows, route->room * sizeof(*route->rows));
	}
	route->rows[route->count++] = row;
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
		route_add(route_of(inflight, row), (struct held_row){.batch = batch, .row = row});
		batch->open++;
	}
	inflight->waiting += batch->open;
	if (batch->open == 0)
		inflight->events.batch_over(inflight->events.context, batch);
}

size_t inflight_waiting(const struct inflight *inflight)
{
	return inflight->waiting;
}

size_t inflight_unconfirmed(const struct inflight *inflight)
{
	return inflight->message_count;
}

int64_t inflight_oldest(const struct inflight *inflight)
{
	return inflight->message_count == 0 ? 0 : inflight->messages[0].sent_us;
}

/* ---- outcomes ---- */

static void end_row(struct inflight *inflight, const struct held_row *held, bool arrived)
{
	struct outbox_batch *batch = held->batch;

	publish_spans_end(held->row->publish_spans, held->row->publish_span_count, batch->submitted_us, arrived);
	if (arrived) {
		metric_add(&sent_events, held->row->type, outbox_row_events(held->row));
		inflight->events.row_arrived(inflight->events.context, batch, held->row);
	} else {
		batch->failed = true;
	}
	if (--batch->open == 0)
		inflight->events.batch_over(inflight->events.context, batch);
}

static void end_message(struct inflight *inflight, size_t index, bool arrived)
{
	struct inflight_message ended = inflight->messages[index];

	inflight->message_count--;
	memmove(&inflight->messages[index], &inflight->messages[index + 1],
		(inflight->message_count - index) * sizeof(struct inflight_message));
	for (size_t i = 0; i < ended.message.count; i++)
		end_row(inflight, &ended.message.rows[i], arrived);
	free(ended.message.rows);
}

/* ---- sending ---- */

/* A row shares a message unless it has headers of its own or is quarantined. */
static bool can_share(const struct outbox_row *row)
{
	return row->headers == NULL && row->attempts == 0;
}

/* Takes what goes into the next message of a route out of it. */
static struct inflight_message route_take(struct inflight *inflight, struct route *route)
{
	const struct held_row *first = &route->rows[route->first];
	size_t bytes = 0, count = 0;
	int64_t events = 0;

	for (size_t i = route->first; i < route->count; i++, count++) {
		const struct outbox_row *row = route->rows[i].row;
		const int64_t more = outbox_row_events(row);

		if (count > 0 && (!can_share(first->row) || !can_share(row) || events + more > INFLIGHT_EVENTS_MAX ||
				  bytes + row->body.size > INFLIGHT_BYTES_MAX))
			break;
		bytes += row->body.size + 1;
		events += more;
	}
	struct held_row *rows = mem_new(count, sizeof(*rows));
	memcpy(rows, first, count * sizeof(*rows));
	route->first += count;
	inflight->waiting -= count;
	return (struct inflight_message){.message = {.rows = rows, .count = count, .events = events},
					 .connection = route->connection,
					 .sent_us = monotonic_now(),
					 .quarantined = rows[0].row->attempts > 0};
}

static enum status send_next(struct inflight *inflight, struct route *route, struct publish_connections *connections)
{
	struct inflight_message next = route_take(inflight, route);

	const enum status status = outbox_message_publish(connections->brokers[next.connection], &next.message,
							  &inflight->body, &inflight->arena, &next.sequence);
	if (status == OK) {
		metric_observe(&batch_events, NULL, next.message.events);
		inflight->messages[inflight->message_count++] = next;
		return OK;
	}
	/* Not sent: back to where it was. */
	route->first -= next.message.count;
	inflight->waiting += next.message.count;
	free(next.message.rows);
	return status;
}

/* Can the next message of this route be sent now? A quarantined row is sent only when nothing else is in flight. */
static bool can_send(const struct inflight *inflight, const struct route *route)
{
	if (route->first == route->count)
		return false;
	return inflight->message_count == 0 ||
	       (!inflight->messages[0].quarantined && route->rows[route->first].row->attempts == 0);
}

enum status inflight_send(struct inflight *inflight, struct publish_connections *connections)
{
	size_t idle = 0; /* routes in a row that had nothing to send */

	while (inflight->message_count < INFLIGHT_WINDOW && inflight->waiting > 0 && idle < inflight->route_count) {
		struct route *route = &inflight->routes[inflight->next_route++ % inflight->route_count];

		if (!can_send(inflight, route)) {
			idle++;
			continue;
		}
		idle = 0;
		const enum status status = send_next(inflight, route, connections);
		if (status != OK)
			return status;
	}
	return OK;
}

/* ---- settling ---- */

static void settle_connection(struct inflight *inflight, enum publish_connection connection, struct broker *broker)
{
	static const char *const names[] = {"confirmed", "refused", "returned"};
	struct confirm confirms[INFLIGHT_WINDOW];

	const size_t count = broker_confirms(broker, confirms, INFLIGHT_WINDOW);
	for (size_t i = 0; i < count; i++) {
		metric_add(&sent_messages, names[confirms[i].kind], 1);
		for (size_t m = 0; m < inflight->message_count; m++) {
			if (inflight->messages[m].connection != connection ||
			    inflight->messages[m].sequence != confirms[i].sequence)
				continue;
			end_message(inflight, m, confirms[i].kind == CONFIRM_ACK);
			break;
		}
	}
}

void inflight_settle(struct inflight *inflight, struct publish_connections *connections)
{
	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++)
		settle_connection(inflight, connection, connections->brokers[connection]);
}

size_t inflight_lost(struct inflight *inflight, const bool closed[static CONNECTIONS], struct uuid *ret_ids)
{
	size_t quarantined = 0;

	while (inflight->message_count > 0) {
		const struct inflight_message *lost = &inflight->messages[0];

		for (size_t i = 0; i < lost->message.count; i++)
			if (closed[lost->connection] && lost->message.rows[i].batch->stored)
				ret_ids[quarantined++] = lost->message.rows[i].row->id;
		end_message(inflight, 0, false);
	}
	for (size_t r = 0; r < inflight->route_count; r++) {
		struct route *route = &inflight->routes[r];

		while (route->first < route->count) {
			inflight->waiting--;
			end_row(inflight, &route->rows[route->first++], false);
		}
	}
	return quarantined;
}
