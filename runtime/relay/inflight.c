/* Rows that wait are kept by route; a message takes what waits on one route. */
#include "relay/inflight.h"

#include <assert.h>
#include <string.h>

#include "telemetry/metrics.h"
#include "json/grammar.h"
#include "json/json.h"

/* A row in our hands. */
struct held {
	struct parcel *parcel;
	struct outbox_row *row;
};

/* Rows for one (exchange, routing key), oldest first. */
struct route {
	char *exchange, *routing_key;
	enum road road;
	struct held *held;
	size_t first, count, room; /* held[first .. count) wait */
};

struct flight {
	enum road road;
	uint64_t sequence; /* on that road */
	int64_t sent_us;   /* moment_steady */
	struct held *held;
	size_t count;   /* rows */
	int64_t events; /* in them */
	bool alone;     /* its row was under way when the broker closed the connection: nothing goes beside it */
};

struct flights {
	flight_arrived *arrived;
	void *context;
	struct route *routes;
	size_t route_count;
	size_t waiting, next_route;
	struct flight under_way[FLIGHT_WINDOW];
	size_t flight_count;
	struct buffer body;
	struct arena arena; /* of one send */
};

static struct metric sent_events = {
	.name = "comanda_relay_events_total", .help = "Events sent and confirmed", .type = COUNTER, .label = "type"};
static struct metric sent_messages = {.name = "comanda_relay_messages_total",
				      .help = "Messages sent, by outcome",
				      .type = COUNTER,
				      .label = "outcome"};
static struct metric batch_events = {
	.name = "comanda_relay_batch_events", .help = "Events that travelled in one message", .type = HISTOGRAM};

struct flights *flights_new(flight_arrived *arrived, void *context)
{
	struct flights *flights = mem_new(1, sizeof(*flights));

	flights->arrived = arrived;
	flights->context = context;
	buffer_init(&flights->body);
	arena_init(&flights->arena);
	return flights;
}

void flights_free(struct flights *flights)
{
	if (flights == NULL)
		return;
	assert(flights->waiting == 0 && flights->flight_count == 0);
	for (size_t i = 0; i < flights->route_count; i++) {
		free(flights->routes[i].exchange);
		free(flights->routes[i].routing_key);
		free(flights->routes[i].held);
	}
	free(flights->routes);
	buffer_done(&flights->body);
	arena_done(&flights->arena);
	free(flights);
}

static struct route *route_of(struct flights *flights, const struct outbox_row *row)
{
	for (size_t i = 0; i < flights->route_count; i++) {
		struct route *route = &flights->routes[i];

		if (strcmp(route->routing_key, row->routing_key) == 0 && strcmp(route->exchange, row->exchange) == 0)
			return route;
	}
	flights->routes = mem_grow(flights->routes, (flights->route_count + 1) * sizeof(struct route));
	struct route *route = &flights->routes[flights->route_count++];
	*route = (struct route){.exchange = mem_text(row->exchange),
				.routing_key = mem_text(row->routing_key),
				.road = road_of(row->exchange)};
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

void flights_take(struct flights *flights, struct parcel *parcel)
{
	const int64_t lease_end = moment_now() + OUTBOX_LEASE_S * SECOND_US;

	parcel->open = 0;
	parcel->failed = false;
	for (size_t i = 0; i < parcel->count; i++) {
		struct outbox_row *row = &parcel->rows[i];

		if (row->due_us > lease_end) /* to be sent later: the sweep will find it */
			continue;
		route_add(route_of(flights, row), (struct held){parcel, row});
		parcel->open++;
	}
	flights->waiting += parcel->open;
	if (parcel->open == 0)
		flights_over(flights->context, parcel);
}

size_t flights_waiting(const struct flights *flights)
{
	return flights->waiting;
}

size_t flights_under_way(const struct flights *flights)
{
	return flights->flight_count;
}

int64_t flights_oldest(const struct flights *flights)
{
	return flights->flight_count == 0 ? 0 : flights->under_way[0].sent_us;
}

static int64_t row_events(const struct outbox_row *row)
{
	return row->events > 1 ? row->events : 1;
}

/* The fate of one row is known. */
static void held_end(struct flights *flights, const struct held *held, bool arrived)
{
	struct parcel *parcel = held->parcel;

	told_end(held->row->told, held->row->told_count, parcel->handed_us, arrived);
	if (arrived) {
		metric_add(&sent_events, held->row->type, row_events(held->row));
		flights->arrived(flights->context, parcel, held->row);
	} else {
		parcel->failed = true;
	}
	if (--parcel->open == 0)
		flights_over(flights->context, parcel);
}

static void flight_end(struct flights *flights, size_t index, bool arrived)
{
	struct flight flight = flights->under_way[index];

	flights->flight_count--;
	memmove(&flights->under_way[index], &flights->under_way[index + 1],
		(flights->flight_count - index) * sizeof(struct flight));
	for (size_t i = 0; i < flight.count; i++)
		held_end(flights, &flight.held[i], arrived);
	free(flight.held);
}

/* A row travels in company unless it has headers of its own or is under suspicion. */
static bool sociable(const struct outbox_row *row)
{
	return row->headers == NULL && row->attempts == 0;
}

/* Takes what goes into the next message of a route out of it. */
static void route_take(struct flights *flights, struct route *route, struct flight *ret_flight)
{
	const struct held *first = &route->held[route->first];
	size_t bytes = 0, count = 0;
	int64_t events = 0;

	for (size_t i = route->first; i < route->count; i++, count++) {
		const struct outbox_row *row = route->held[i].row;

		if (count > 0 &&
		    (!sociable(first->row) || !sociable(row) || events + row_events(row) > FLIGHT_EVENTS_MAX ||
		     bytes + row->body.size > FLIGHT_BYTES_MAX))
			break;
		bytes += row->body.size + 1;
		events += row_events(row);
	}
	*ret_flight = (struct flight){.road = route->road,
				      .held = mem_new(count, sizeof(struct held)),
				      .count = count,
				      .events = events,
				      .sent_us = moment_steady(),
				      .alone = first->row->attempts > 0};
	memcpy(ret_flight->held, first, count * sizeof(struct held));
	route->first += count;
	flights->waiting -= count;
}

/* What could not be read goes to the dead letters as it came. */
static bool can_be_set_out(const struct outbox_row *row)
{
	size_t at;

	return row->headers == NULL || json_check(row->body, JSON_DEPTH_MAX, &at) == NULL;
}

/* One event alone is what somebody looks at in the management UI: it is set out to be read. Under load, events travel
 * together, and nothing is spent on that. */
static void compose_body(struct buffer *body, const struct flight *flight)
{
	const char *before = "[";

	buffer_clear(body);
	if (flight->events == 1) {
		const struct outbox_row *row = flight->held[0].row;

		if (can_be_set_out(row))
			json_indent(body, row->body);
		else
			buffer_add(body, row->body.bytes, row->body.size);
		return;
	}
	for (size_t i = 0; i < flight->count; i++, before = ",") {
		buffer_text(body, before);
		buffer_add(body, flight->held[i].row->body.bytes, flight->held[i].row->body.size);
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

static enum status flight_publish(struct flights *flights, struct broker *broker, struct flight *flight)
{
	const struct outbox_row *row = flight->held[0].row;
	struct broker_header headers[HEADERS_MAX];
	char id[UUID_TEXT + 1], subject[UUID_TEXT + 1];

	arena_reset(&flights->arena);
	compose_body(&flights->body, flight);
	uuid_text(&row->id, id);
	uuid_text(&row->subject, subject);
	const bool lone = flight->events == 1;
	const struct publication publication = {
		.exchange = row->exchange,
		.routing_key = row->routing_key,
		.content_type = lone ? CLOUDEVENT_TYPE : CLOUDEVENT_BATCH_TYPE,
		.type = row->type,
		.message_id = id,
		.correlation_id = lone && !uuid_is_nil(&row->subject) ? subject : NULL,
		.headers = headers,
		.header_count = compose_headers(&flights->arena, row->headers, headers),
		.body = {flights->body.bytes, flights->body.size},
		.persistent = true,
		.mandatory = true,
		.time_us = row->created_us,
	};
	return broker_publish(broker, &publication, &flight->sequence);
}

static enum status send_next(struct flights *flights, struct route *route, struct roads *roads)
{
	struct flight flight;

	route_take(flights, route, &flight);
	const enum status status = flight_publish(flights, roads->brokers[flight.road], &flight);
	if (status == OK) {
		metric_observe(&batch_events, NULL, flight.events);
		flights->under_way[flights->flight_count++] = flight;
		return OK;
	}
	/* Not sent: back to where it was. */
	route->first -= flight.count;
	flights->waiting += flight.count;
	free(flight.held);
	return status;
}

/* May the next message of this route go now? A suspect goes only when nothing else is under way. */
static bool may_go(const struct flights *flights, const struct route *route)
{
	if (route->first == route->count)
		return false;
	return flights->flight_count == 0 ||
	       (!flights->under_way[0].alone && route->held[route->first].row->attempts == 0);
}

enum status flights_send(struct flights *flights, struct roads *roads)
{
	size_t idle = 0; /* routes in a row that had nothing to send */

	while (flights->flight_count < FLIGHT_WINDOW && flights->waiting > 0 && idle < flights->route_count) {
		struct route *route = &flights->routes[flights->next_route++ % flights->route_count];

		if (!may_go(flights, route)) {
			idle++;
			continue;
		}
		idle = 0;
		const enum status status = send_next(flights, route, roads);
		if (status != OK)
			return status;
	}
	return OK;
}

static void settle_road(struct flights *flights, enum road road, struct broker *broker)
{
	static const char *const names[] = {"confirmed", "refused", "returned"};
	struct outcome outcomes[FLIGHT_WINDOW];

	const size_t count = broker_outcomes(broker, outcomes, FLIGHT_WINDOW);
	for (size_t i = 0; i < count; i++) {
		metric_add(&sent_messages, names[outcomes[i].kind], 1);
		for (size_t f = 0; f < flights->flight_count; f++) {
			if (flights->under_way[f].road != road ||
			    flights->under_way[f].sequence != outcomes[i].sequence)
				continue;
			flight_end(flights, f, outcomes[i].kind == OUTCOME_CONFIRMED);
			break;
		}
	}
}

void flights_settle(struct flights *flights, struct roads *roads)
{
	for (enum road road = 0; road < ROADS; road++)
		settle_road(flights, road, roads->brokers[road]);
}

size_t flights_lost(struct flights *flights, const bool blamed[static ROADS], struct uuid *ret_ids)
{
	size_t suspects = 0;

	while (flights->flight_count > 0) {
		const struct flight *flight = &flights->under_way[0];

		for (size_t i = 0; i < flight->count; i++)
			if (blamed[flight->road] && flight->held[i].parcel->stored)
				ret_ids[suspects++] = flight->held[i].row->id;
		flight_end(flights, 0, false);
	}
	for (size_t r = 0; r < flights->route_count; r++) {
		struct route *route = &flights->routes[r];

		while (route->first < route->count) {
			flights->waiting--;
			held_end(flights, &route->held[route->first++], false);
		}
	}
	return suspects;
}
