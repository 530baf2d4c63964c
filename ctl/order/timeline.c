/* Builds the timeline of an order. */
#include "ctl/order/timeline.h"

#include <string.h>
#include <strings.h>

#include "ctl/cli/terminal.h"
#include "ctl/dead/dead_queue.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/dedup_admin.h"
#include "orders/service.h"
#include "proto/messages.h"
#include "proto/topology.h"

/* ---- the order's row ---- */

static const struct sql find_order = {
	"timeline_order",
	"SELECT user_id, state, expires_at, coalesce(reason_code || ': ' || reason_detail, reason_code), total_cents,"
	" currency FROM orders WHERE id = $1",
};

static const struct sql find_request = {
	"timeline_request",
	"SELECT received_at FROM inbox_commands WHERE id = $1",
};

static void read_order(struct order_timeline *timeline, struct db *db)
{
	struct rows rows;

	arg_uuid(db_args(db), &timeline->id);
	if (!query_database(db, &find_order, &rows) || rows.count == 0)
		return;
	timeline->known = true;
	timeline->user = row_uuid(&rows, 0, 0);
	timeline->state = (enum order_state)row_int(&rows, 0, 1);
	timeline->expires_us = row_timestamp(&rows, 0, 2);
	timeline->reason = row_text(&rows, 0, 3, &timeline->arena);
	timeline->total_cents = row_int(&rows, 0, 4);
	timeline->currency = row_text(&rows, 0, 5, &timeline->arena);
}

static void read_request(struct order_timeline *timeline, struct db *db)
{
	struct rows rows;

	for (size_t i = 0; i < timeline->events.count; i++)
		if (strcmp(timeline->events.events[i].type, "order.placed") == 0)
			timeline->request = timeline->events.events[i].cause;
	arg_uuid(db_args(db), &timeline->request);
	if (!uuid_is_nil(&timeline->request) && query_database(db, &find_request, &rows) && rows.count > 0)
		timeline->requested_us = row_timestamp(&rows, 0, 0);
}

/* ---- producers and receivers ---- */

static const struct service *producer_of(const char *type)
{
	const int index = contract_find(&comanda_contract, type, 0);

	return index < 0 ? NULL : service_of_program(comanda_contract.types[index].producer);
}

/* The service to which the binding brings events of the type; NULL: none. */
static const struct service *receiver_by(const struct topology_binding *binding, const char *type)
{
	if (strcmp(binding->exchange, "events") != 0 || strcmp(binding->routing_key, type) != 0)
		return NULL;
	return service_of_queue(binding->queue);
}

static void add_receivers(struct step *step, struct arena *arena)
{
	size_t count = 0;

	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++)
		count += receiver_by(binding, step->event->type) != NULL;
	step->receivers = arena_new(arena, count + 1, sizeof(*step->receivers));
	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++) {
		const struct service *service = receiver_by(binding, step->event->type);

		if (service != NULL)
			step->receivers[step->receiver_count++] = (struct receiver){
				.service = service,
				.processed_us = INT_ABSENT,
				.decided_us = INT_ABSENT,
				.attempts = 1,
			};
	}
}

static struct receiver *receiver_of(struct step *step, const struct service *service)
{
	for (size_t i = 0; i < step->receiver_count; i++)
		if (step->receivers[i].service == service)
			return &step->receivers[i];
	return NULL;
}

static const struct sql find_attempts = {
	"timeline_attempts",
	"SELECT attempts FROM attempts WHERE id = $1",
};

/* When the service processed each event, and in how many attempts. */
static void read_inbox(struct order_timeline *timeline, const struct service *service, struct db *db)
{
	for (size_t i = 0; i < timeline->count; i++) {
		const struct uuid *id = &timeline->steps[i].event->id;
		struct receiver *receiver = receiver_of(&timeline->steps[i], service);
		struct rows rows;

		if (receiver == NULL || !dedup_find(db, id, 1, INT_ABSENT, &receiver->processed_us))
			continue;
		arg_uuid(db_args(db), id);
		if (query_database(db, &find_attempts, &rows) && rows.count > 0)
			receiver->attempts = row_int(&rows, 0, 0);
	}
}

/* The answer of a receiver carries the time of its decision. */
static void read_answers(struct order_timeline *timeline)
{
	for (size_t i = 0; i < timeline->count; i++)
		for (size_t answer = 0; answer < timeline->count; answer++) {
			const struct step *later = &timeline->steps[answer];
			struct receiver *receiver = receiver_of(&timeline->steps[i], later->producer);

			if (receiver == NULL || !uuid_equal(&later->event->cause, &timeline->steps[i].event->id))
				continue;
			if (!receiver->answered || later->event->time_us < receiver->decided_us)
				receiver->decided_us = later->event->time_us;
			receiver->answered = true;
			receiver->repeated =
				receiver->processed_us != INT_ABSENT && receiver->decided_us < receiver->processed_us;
		}
}

/* Copies what is shown of a dead letter, so that the queue can be closed at once. */
static void read_dead_letters(struct order_timeline *timeline, const struct service *service)
{
	const struct dead_filter filter = {.order = timeline->id};
	struct dead_queue queue;

	if (!dead_queue_open(service, &filter, &queue))
		return;
	for (size_t n = 0; n < queue.count; n++)
		for (size_t i = 0; i < timeline->count; i++) {
			const struct dead_letter *letter = &queue.letters[n];
			struct receiver *receiver = receiver_of(&timeline->steps[i], service);

			if (receiver == NULL || !uuid_equal(&letter->ids[0], &timeline->steps[i].event->id))
				continue;
			receiver->attempts = letter->attempts;
			receiver->dead_code = arena_text(&timeline->arena, letter->code);
			receiver->dead_reason = arena_text(&timeline->arena, letter->reason);
		}
	dead_queue_close(&queue);
}

bool receiver_done(const struct receiver *receiver)
{
	return receiver->dead_code == NULL && (receiver->processed_us != INT_ABSENT || receiver->answered);
}

/* ---- the states of the order ---- */

/* The saga's event for the type; -1: none. */
static int saga_event_of(const char *type)
{
	for (int event = 0; event < SAGA_EVENTS; event++)
		if (strcmp(saga_event_names[event], type) == 0)
			return event;
	return -1;
}

/* When orders processed the event for the first time; INT64_MAX: not yet. */
static int64_t processed_by_orders(struct step *step)
{
	const struct receiver *orders = receiver_of(step, &orders_service);

	if (orders == NULL || orders->processed_us == INT_ABSENT || orders->dead_code != NULL)
		return INT64_MAX;
	return orders->repeated ? orders->decided_us : orders->processed_us;
}

static bool answered_by_orders(struct step *step)
{
	const struct receiver *orders = receiver_of(step, &orders_service);

	return orders != NULL && orders->answered;
}

/* Events of one batch have the same time. The one that orders answered ended the order, and comes last of them. */
static int by_processing(const void *a, const void *b)
{
	struct step *const *left = a, *const *right = b;
	const int64_t l = processed_by_orders(*left), r = processed_by_orders(*right);

	if (l != r)
		return (l > r) - (l < r);
	if (answered_by_orders(*left) != answered_by_orders(*right))
		return answered_by_orders(*left) ? 1 : -1;
	return ((*left)->event->offset > (*right)->event->offset) - ((*left)->event->offset < (*right)->event->offset);
}

/* Follows the saga's rules in the order in which orders processed the events. */
static void follow_saga(struct order_timeline *timeline)
{
	struct step **sorted = arena_new(&timeline->arena, timeline->count + 1, sizeof(struct step *));
	enum order_state state = PENDING;

	for (size_t i = 0; i < timeline->count; i++)
		sorted[i] = &timeline->steps[i];
	qsort(sorted, timeline->count, sizeof(struct step *), by_processing);
	for (size_t i = 0; i < timeline->count; i++) {
		const int event = saga_event_of(sorted[i]->event->type);
		const struct saga_rule *rule = event < 0 ? NULL : saga_rule_for(state, (enum saga_event)event);

		if (event >= 0 && processed_by_orders(sorted[i]) != INT64_MAX) {
			state = rule == NULL ? state : rule->next;
			sorted[i]->state = (int)state;
		}
	}
}

/* Events of orders name the state themselves: "order.confirmed" is CONFIRMED. */
static void read_states_of_orders(struct order_timeline *timeline)
{
	for (size_t i = 0; i < timeline->count; i++) {
		const char *type = timeline->steps[i].event->type;

		if (strncmp(type, "order.", strlen("order.")) != 0)
			continue;
		if (strcmp(type, "order.placed") == 0)
			timeline->steps[i].state = PENDING;
		for (int end = CONFIRMED; end < ORDER_STATES; end++)
			if (strcasecmp(type + strlen("order."), order_state_names[end]) == 0)
				timeline->steps[i].state = end;
	}
}

/* ---- the whole timeline ---- */

/* When the event had its effect on the order: an answer when orders processed it, any other event when it was made. */
static int64_t effect_us(struct step *step)
{
	const int64_t processed = processed_by_orders(step), made = step->event->time_us;

	return processed == INT64_MAX || processed < made ? made : processed;
}

/* At the same time, what orders received comes before what orders published. Of two answers in one batch the one that
 * ended the order comes last. */
static int by_effect(const void *a, const void *b)
{
	struct step left = *(const struct step *)a, right = *(const struct step *)b;
	const int64_t l = effect_us(&left), r = effect_us(&right);

	if (l != r)
		return (l > r) - (l < r);
	if ((left.producer == &orders_service) != (right.producer == &orders_service))
		return left.producer == &orders_service ? 1 : -1;
	if (answered_by_orders(&left) != answered_by_orders(&right))
		return answered_by_orders(&left) ? 1 : -1;
	return (left.event->offset > right.event->offset) - (left.event->offset < right.event->offset);
}

static void make_steps(struct order_timeline *timeline)
{
	timeline->steps = arena_new(&timeline->arena, timeline->events.count + 1, sizeof(*timeline->steps));
	for (size_t i = 0; i < timeline->events.count; i++) {
		struct step *step = &timeline->steps[timeline->count++];

		*step = (struct step){
			.event = &timeline->events.events[i],
			.producer = producer_of(timeline->events.events[i].type),
			.state = STATE_UNKNOWN,
		};
		add_receivers(step, &timeline->arena);
	}
}

/* A database that cannot be reached leaves a gap in the timeline, after an error message. */
static void read_databases(struct order_timeline *timeline)
{
	for (const struct service *const *service = services; *service != NULL; service++) {
		struct db *db = service_has_inbox(*service) ? connect_database(*service) : NULL;

		if (db != NULL && *service == &orders_service) {
			read_order(timeline, db);
			read_request(timeline, db);
		}
		if (db != NULL)
			read_inbox(timeline, *service, db);
		db_free(db);
	}
}

bool timeline_read(struct order_timeline *timeline, const struct uuid *order)
{
	const struct event_filter filter = {.order = *order, .from = log_position_before(order)};

	*timeline = (struct order_timeline){
		.id = *order,
		.requested_us = INT_ABSENT,
		.expires_us = INT_ABSENT,
		.total_cents = INT_ABSENT,
	};
	event_set_init(&timeline->events);
	arena_init(&timeline->arena);
	if (!event_set_read(&timeline->events, &filter))
		return false;
	event_set_unique(&timeline->events);
	make_steps(timeline);
	read_databases(timeline);
	if (!timeline->known && timeline->count == 0) {
		print_error("there is no such order, in the log or in the orders database");
		return false;
	}
	for (const struct service *const *service = services; *service != NULL; service++)
		read_dead_letters(timeline, *service);
	read_answers(timeline);
	qsort(timeline->steps, timeline->count, sizeof(*timeline->steps), by_effect);
	follow_saga(timeline);
	read_states_of_orders(timeline);
	if (timeline->known && !saga_ended(timeline->state)) {
		timeline->wait = (struct order_wait){
			.order = timeline->id,
			.state = timeline->state,
			.created_us = timeline->count > 0 ? timeline->steps[0].event->time_us : timestamp_now(),
		};
		order_waits_find(&timeline->wait, 1);
	}
	return true;
}

void timeline_done(struct order_timeline *timeline)
{
	event_set_done(&timeline->events);
	arena_done(&timeline->arena);
}
