/* Putting an order's timeline together. */
#include "ctl/order/timeline.h"

#include <string.h>
#include <strings.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/dedup_admin.h"
#include "proto/topology.h"

/* ---- the order's row ---- */

static const struct sql find_order = {
	"story_order",
	"SELECT user_id, state, expires_at, coalesce(reason_code || ': ' || reason_detail, reason_code), total_cents, "
	"currency"
	" FROM orders WHERE id = $1",
};

static const struct sql find_request = {"story_request", "SELECT received_at FROM inbox_commands WHERE id = $1"};

static void read_order(struct order_timeline *timeline, struct db *db)
{
	struct rows rows;

	arg_uuid(db_args(db), &timeline->id);
	if (!ask_database(db, &find_order, &rows) || rows.count == 0)
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
	if (!uuid_is_nil(&timeline->request) && ask_database(db, &find_request, &rows) && rows.count > 0)
		timeline->asked_us = row_timestamp(&rows, 0, 0);
}

/* ---- who heard what ---- */

static const char *teller(const char *type)
{
	static const struct {
		const char *start, *service_name;
	} tellers[] = {{"order.", "orders"},
		       {"user.", "users"},
		       {"stock.", "products"},
		       {"reservation.", "products"},
		       {"product.", "products"}};

	for (size_t i = 0; i < sizeof(tellers) / sizeof(tellers[0]); i++)
		if (strncmp(type, tellers[i].start, strlen(tellers[i].start)) == 0)
			return tellers[i].service_name;
	return "operator";
}

static void add_receivers(struct step *step)
{
	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++) {
		if (strcmp(binding->exchange, "events") != 0 || strcmp(binding->routing_key, step->event->type) != 0 ||
		    step->receiver_count == HEARERS_MAX)
			continue;
		for (int i = 0; i < SERVICES; i++)
			if (strncmp(binding->queue, service_names[i], strlen(service_names[i])) == 0)
				step->receivers[step->receiver_count++] =
					(struct receiver){.service_name = service_names[i],
							  .processed_us = INT_ABSENT,
							  .decided_us = INT_ABSENT,
							  .attempts = 1};
	}
}

static struct receiver *hearer_of(struct step *step, const char *service_name)
{
	for (size_t i = 0; i < step->receiver_count; i++)
		if (strcmp(step->receivers[i].service_name, service_name) == 0)
			return &step->receivers[i];
	return NULL;
}

static const struct sql find_attempts = {"story_attempts", "SELECT attempts FROM attempts WHERE id = $1"};

static void read_claims(struct order_timeline *timeline, const char *service_name, struct db *db)
{
	for (size_t i = 0; i < timeline->count; i++) {
		struct receiver *receiver = hearer_of(&timeline->steps[i], service_name);
		struct rows rows;

		if (receiver == NULL || !dedup_is_kept(service_name) ||
		    !dedup_look(db, &timeline->steps[i].event->id, 1, INT_ABSENT, &receiver->processed_us))
			continue;
		arg_uuid(db_args(db), &timeline->steps[i].event->id);
		if (ask_database(db, &find_attempts, &rows) && rows.count > 0)
			receiver->attempts = row_int(&rows, 0, 0);
	}
}

/* What a receiver said in answer tells when it decided. */
static void read_answers(struct order_timeline *timeline)
{
	for (size_t i = 0; i < timeline->count; i++)
		for (size_t answer = 0; answer < timeline->count; answer++) {
			const struct kept_event *said = timeline->steps[answer].event;
			struct receiver *receiver =
				hearer_of(&timeline->steps[i], timeline->steps[answer].service_name);

			if (receiver == NULL || !uuid_equal(&said->cause, &timeline->steps[i].event->id))
				continue;
			receiver->answered = true;
			receiver->decided_us = said->time_us;
		}
}

/* Copies what of a letter is shown: the queue is given back at once. */
static void read_dead(struct order_timeline *timeline, const char *service_name)
{
	const struct dead_filter filter = {.order = timeline->id};
	struct dead_queue queue;

	if (!dead_open(service_name, &filter, &queue))
		return;
	for (size_t n = 0; n < queue.count; n++)
		for (size_t i = 0; i < timeline->count; i++) {
			const struct letter *letter = &queue.letters[n];
			struct receiver *receiver = hearer_of(&timeline->steps[i], service_name);

			if (receiver == NULL || !uuid_equal(&letter->ids[0], &timeline->steps[i].event->id))
				continue;
			receiver->attempts = letter->attempts;
			receiver->dead = (struct letter){.service_name = service_name,
							 .code = arena_text(&timeline->arena, letter->code),
							 .reason = arena_text(&timeline->arena, letter->reason),
							 .attempts = letter->attempts};
		}
	dead_close(&queue);
}

/* ---- what it led to ---- */

static int told(const char *type)
{
	for (int event = 0; event < SAGA_EVENTS; event++)
		if (strcmp(saga_event_names[event], type) == 0)
			return event;
	return -1;
}

static int64_t heard_us(struct step *step)
{
	const struct receiver *orders = hearer_of(step, "orders");

	return orders == NULL || orders->processed_us == INT_ABSENT || orders->dead.service_name != NULL
		       ? INT64_MAX
		       : orders->processed_us;
}

/* Whose hearing was answered: the one that ended the order, heard last of those that were taken together. */
static bool was_answered(struct step *step)
{
	const struct receiver *orders = hearer_of(step, "orders");

	return orders != NULL && orders->answered;
}

static int by_hearing(const void *a, const void *b)
{
	struct step *const *left = a, *const *right = b;
	const int64_t l = heard_us(*left), r = heard_us(*right);

	if (l != r)
		return (l > r) - (l < r);
	if (was_answered(*left) != was_answered(*right))
		return was_answered(*left) ? 1 : -1;
	return (*left > *right) - (*left < *right);
}

/* Walks the saga's table in the order in which orders heard the answers. */
static void follow_saga(struct order_timeline *timeline)
{
	struct step **heard = arena_new(&timeline->arena, timeline->count + 1, sizeof(struct step *));
	enum order_state state = PENDING;

	for (size_t i = 0; i < timeline->count; i++)
		heard[i] = &timeline->steps[i];
	qsort(heard, timeline->count, sizeof(struct step *), by_hearing);
	for (size_t i = 0; i < timeline->count; i++) {
		const int event = told(heard[i]->event->type);
		const struct saga_rule *rule = event < 0 ? NULL : saga_rule_for(state, (enum saga_event)event);

		if (event >= 0 && heard_us(heard[i]) != INT64_MAX) {
			state = rule == NULL ? state : rule->next;
			heard[i]->state = order_state_names[state];
		}
	}
	for (size_t i = 0; i < timeline->count; i++) {
		if (strcmp(timeline->steps[i].event->type, "order.placed") == 0)
			timeline->steps[i].state = order_state_names[PENDING];
		for (int end = CONFIRMED; end < ORDER_STATES; end++) /* "order.confirmed" says CONFIRMED */
			if (strcasecmp(timeline->steps[i].event->type + strlen("order."), order_state_names[end]) == 0)
				timeline->steps[i].state = order_state_names[end];
	}
}

bool receiver_done(const struct receiver *receiver)
{
	return receiver->dead.service_name == NULL && (receiver->processed_us != INT_ABSENT || receiver->answered);
}

/* ---- all of it ---- */

static int by_time(const void *a, const void *b)
{
	const struct step *left = a, *right = b;
	const int64_t l = left->event->time_us, r = right->event->time_us;

	return l != r ? (l > r) - (l < r)
		      : (left->event->offset > right->event->offset) - (left->event->offset < right->event->offset);
}

static void make_steps(struct order_timeline *timeline)
{
	timeline->steps = arena_new(&timeline->arena, timeline->events.count + 1, sizeof(*timeline->steps));
	for (size_t i = 0; i < timeline->events.count; i++) {
		struct step *step = &timeline->steps[timeline->count++];

		*step = (struct step){.event = &timeline->events.events[i],
				      .service_name = teller(timeline->events.events[i].type)};
		add_receivers(step);
	}
	qsort(timeline->steps, timeline->count, sizeof(*timeline->steps), by_time);
}

static void ask_services(struct order_timeline *timeline)
{
	struct db *orders = connect_database("orders"), *products = connect_database("products");

	if (orders != NULL) {
		read_order(timeline, orders);
		read_request(timeline, orders);
		read_claims(timeline, "orders", orders);
	}
	if (products != NULL)
		read_claims(timeline, "products", products);
	db_free(orders);
	db_free(products);
}

bool timeline_read(struct order_timeline *timeline, const struct uuid *order)
{
	const struct event_filter filter = {.order = *order, .from = place_before(order)};

	*timeline = (struct order_timeline){
		.id = *order, .asked_us = INT_ABSENT, .expires_us = INT_ABSENT, .total_cents = INT_ABSENT};
	event_set_init(&timeline->events);
	arena_init(&timeline->arena);
	if (!event_set_read(&timeline->events, &filter))
		return false;
	event_set_unique(&timeline->events);
	make_steps(timeline);
	ask_services(timeline);
	if (!timeline->known && timeline->count == 0) {
		complain("there is no such order, in the log or in the orders database");
		return false;
	}
	for (int i = 0; i < SERVICES; i++)
		read_dead(timeline, service_names[i]);
	read_answers(timeline);
	follow_saga(timeline);
	return true;
}

void story_done(struct order_timeline *timeline)
{
	event_set_done(&timeline->events);
	arena_done(&timeline->arena);
}
