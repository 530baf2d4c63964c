/* Finds the place of an open order. */
#include "ctl/order/waiting.h"

#include <stdio.h>
#include <string.h>

#include "ctl/dead/dead_queue.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/dedup_admin.h"
#include "ctl/lib/event_set.h"
#include "ctl/lib/id_map.h"
#include "orders/service.h"
#include "products/service.h"
#include "users/service.h"

/* An event that was published so long ago has reached its queue. */
#define GRACE_US (2 * SECOND_US)

enum { USERS, PRODUCTS, ORDERS, SERVICES };
static const struct service *const all[SERVICES] = {&users_service, &products_service, &orders_service};

struct sources {
	struct event_set events;           /* of all the orders */
	struct id_map processed[SERVICES]; /* events that the service's inbox records */
	struct id_map dead[SERVICES];      /* events that are dead letters of the service */
	struct queue_depth depth[SERVICES];
	bool has_depth[SERVICES];
};

/* ---- reading ---- */

static bool read_events(struct sources *sources, const struct order_wait *waits, size_t count)
{
	int64_t from_us = timestamp_now();
	struct log_event event;
	struct event_log *log;
	struct id_map orders;
	enum log_step step;

	id_map_init(&orders);
	for (size_t i = 0; i < count; i++) {
		id_map_put(&orders, &waits[i].order, (int64_t)i);
		from_us = waits[i].created_us < from_us ? waits[i].created_us : from_us;
	}
	const struct log_range range = {.from = {.kind = POSITION_TIME, .at_us = from_us - MINUTE_US}};
	if (!event_log_open(&range, &log)) {
		id_map_done(&orders);
		return false;
	}
	while ((step = event_log_next(log, &event)) == LOG_EVENT) {
		const struct uuid named = json_id_of(event.data, "order_id");

		if (id_map_get(&orders, uuid_is_nil(&named) ? &event.subject : &named) != ID_MAP_NONE)
			event_set_add(&sources->events, &event);
	}
	event_log_free(log);
	id_map_done(&orders);
	return step == LOG_END;
}

static void read_processed(struct sources *sources, int number)
{
	const size_t count = sources->events.count;
	struct db *db = service_has_inbox(all[number]) ? connect_database(all[number]) : NULL;
	struct uuid *ids = mem_new(count + 1, sizeof(*ids));
	int64_t *processed_us = mem_new(count + 1, sizeof(*processed_us));

	for (size_t i = 0; i < count; i++)
		ids[i] = sources->events.events[i].id;
	if (db != NULL && dedup_find(db, ids, count, INT_ABSENT, processed_us))
		for (size_t i = 0; i < count; i++)
			if (processed_us[i] != INT_ABSENT)
				id_map_put(&sources->processed[number], &ids[i], 1);
	free(ids);
	free(processed_us);
	db_free(db);
}

static void read_dead(struct sources *sources, int number)
{
	const struct dead_filter filter = {.service = all[number]};
	struct dead_queue queue;

	if (!dead_queue_open(all[number], &filter, &queue))
		return;
	for (size_t i = 0; i < queue.count; i++)
		for (size_t id = 0; id < queue.letters[i].id_count; id++)
			id_map_put(&sources->dead[number], &queue.letters[i].ids[id], 1);
	dead_queue_close(&queue);
}

static void read_depths(struct sources *sources)
{
	struct broker *broker = connect_broker("waiting", false);
	struct arena arena;

	if (broker == NULL)
		return;
	arena_init(&arena);
	for (int i = 0; i < SERVICES; i++)
		sources->has_depth[i] = broker_depth(broker, event_queue_of(all[i], &arena), &sources->depth[i]) == OK;
	arena_done(&arena);
	broker_close(broker);
	broker_free(broker);
}

/* ---- one order ---- */

/* The event of that order whose type is one of two; NULL: it is not in the log. */
static const struct kept_event *find_event(const struct sources *sources, const struct uuid *order, const char *type,
					   const char *other)
{
	for (size_t i = 0; i < sources->events.count; i++) {
		const struct kept_event *event = &sources->events.events[i];

		if (uuid_equal(&event->order, order) &&
		    (strcmp(event->type, type) == 0 || strcmp(event->type, other) == 0))
			return event;
	}
	return NULL;
}

static void add_service(struct order_wait *wait, int number)
{
	const size_t used = strlen(wait->service);

	if (strstr(wait->service, all[number]->queue_prefix) == NULL)
		snprintf(wait->service + used, sizeof(wait->service) - used, "%s%s", used == 0 ? "" : " and ",
			 all[number]->queue_prefix);
}

/* The event was published, and the service has not processed it. */
static void place_before(const struct sources *sources, const struct kept_event *event, int number,
			 struct order_wait *wait)
{
	const char *name = all[number]->queue_prefix;
	char order[UUID_TEXT + 1], id[UUID_TEXT + 1];

	if (*wait->command != '\0') /* of the other answer: one step at a time */
		return;
	uuid_text(&wait->order, order);
	uuid_text(&event->id, id);
	if (id_map_get(&sources->dead[number], &event->id) != ID_MAP_NONE) {
		snprintf(wait->place, sizeof(wait->place), "%s is a dead letter of %s", event->type, name);
		snprintf(wait->command, sizeof(wait->command), "comanda dead redrive --order %s", order);
	} else if (!sources->has_depth[number]) {
		snprintf(wait->place, sizeof(wait->place), "there is no queue %s.events", name);
		snprintf(wait->command, sizeof(wait->command), "comanda topology apply");
	} else if (sources->depth[number].waiting > 0) {
		snprintf(wait->place, sizeof(wait->place), "%s waits in %s.events%s", event->type, name,
			 sources->depth[number].consumers == 0 ? ", which has no consumer" : "");
	} else if (event->time_us < timestamp_now() - GRACE_US) {
		snprintf(wait->place, sizeof(wait->place), "%s is not in %s.events: lost, or held by %s", event->type,
			 name, all[number]->name);
		snprintf(wait->command, sizeof(wait->command), "comanda replay --event %s --service %s --send", id,
			 name);
	}
}

/* The answer of a service has not taken effect: it is not there, or orders has not processed it. */
static void place_answer(const struct sources *sources, const struct kept_event *placed, int number,
			 const struct kept_event *answer, struct order_wait *wait)
{
	if (answer != NULL) {
		add_service(wait, ORDERS);
		place_before(sources, answer, ORDERS, wait);
		return;
	}
	add_service(wait, placed == NULL ? ORDERS : number);
	if (placed != NULL && id_map_get(&sources->processed[number], &placed->id) == ID_MAP_NONE) {
		place_before(sources, placed, number, wait);
		return;
	}
	if (placed != NULL && id_map_get(&sources->dead[number], &placed->id) != ID_MAP_NONE) {
		place_before(sources, placed, number, wait);
		return;
	}
	snprintf(wait->place, sizeof(wait->place), "%s is in the outbox of %s",
		 placed == NULL ? "order.placed" : "the answer",
		 placed == NULL ? orders_service.queue_prefix : all[number]->queue_prefix);
	snprintf(wait->command, sizeof(wait->command), "comanda outbox");
}

static void find_place(const struct sources *sources, struct order_wait *wait)
{
	const struct kept_event *placed = find_event(sources, &wait->order, "order.placed", "order.placed");
	const struct kept_event *verified = find_event(sources, &wait->order, "user.verified", "user.refused");
	const struct kept_event *reserved = find_event(sources, &wait->order, "stock.reserved", "stock.refused");

	if (wait->state == PENDING || wait->state == STOCK_HELD)
		place_answer(sources, placed, USERS, verified, wait);
	if (wait->state == PENDING || wait->state == USER_KNOWN)
		place_answer(sources, placed, PRODUCTS, reserved, wait);
}

static void sources_init(struct sources *sources)
{
	*sources = (struct sources){.has_depth = {false}};
	event_set_init(&sources->events);
	for (int i = 0; i < SERVICES; i++) {
		id_map_init(&sources->processed[i]);
		id_map_init(&sources->dead[i]);
	}
}

static void sources_done(struct sources *sources)
{
	event_set_done(&sources->events);
	for (int i = 0; i < SERVICES; i++) {
		id_map_done(&sources->processed[i]);
		id_map_done(&sources->dead[i]);
	}
}

void order_waits_find(struct order_wait *waits, size_t count)
{
	struct sources sources;

	sources_init(&sources);
	const bool fine = count > 0 && read_events(&sources, waits, count);
	for (int i = 0; i < SERVICES && fine; i++) {
		read_processed(&sources, i);
		read_dead(&sources, i);
	}
	if (fine)
		read_depths(&sources);
	for (size_t i = 0; i < count; i++) {
		waits[i].service[0] = waits[i].place[0] = waits[i].command[0] = '\0';
		if (fine)
			find_place(&sources, &waits[i]);
		else if (!saga_ended(waits[i].state))
			snprintf(waits[i].service, sizeof(waits[i].service), "%s",
				 order_state_waits_for(waits[i].state));
	}
	sources_done(&sources);
}
