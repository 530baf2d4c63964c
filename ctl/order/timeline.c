/* Putting an order's story together. */
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

static void read_order(struct order_story *story, struct db *db)
{
	struct rows rows;

	arg_uuid(db_args(db), &story->id);
	if (!ask_database(db, &find_order, &rows) || rows.count == 0)
		return;
	story->known = true;
	story->user = row_uuid(&rows, 0, 0);
	story->state = (enum order_state)row_int(&rows, 0, 1);
	story->expires_us = row_moment(&rows, 0, 2);
	story->reason = row_text(&rows, 0, 3, &story->arena);
	story->total_cents = row_int(&rows, 0, 4);
	story->currency = row_text(&rows, 0, 5, &story->arena);
}

static void read_request(struct order_story *story, struct db *db)
{
	struct rows rows;

	for (size_t i = 0; i < story->events.count; i++)
		if (strcmp(story->events.events[i].type, "order.placed") == 0)
			story->request = story->events.events[i].cause;
	arg_uuid(db_args(db), &story->request);
	if (!uuid_is_nil(&story->request) && ask_database(db, &find_request, &rows) && rows.count > 0)
		story->asked_us = row_moment(&rows, 0, 0);
}

/* ---- who heard what ---- */

static const char *teller(const char *type)
{
	static const struct {
		const char *start, *house;
	} tellers[] = {{"order.", "orders"},
		       {"user.", "users"},
		       {"stock.", "products"},
		       {"reservation.", "products"},
		       {"product.", "products"}};

	for (size_t i = 0; i < sizeof(tellers) / sizeof(tellers[0]); i++)
		if (strncmp(type, tellers[i].start, strlen(tellers[i].start)) == 0)
			return tellers[i].house;
	return "operator";
}

static void add_hearers(struct chapter *chapter)
{
	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++) {
		if (strcmp(binding->exchange, "events") != 0 ||
		    strcmp(binding->routing_key, chapter->event->type) != 0 || chapter->hearer_count == HEARERS_MAX)
			continue;
		for (int i = 0; i < HOUSES; i++)
			if (strncmp(binding->queue, house_names[i], strlen(house_names[i])) == 0)
				chapter->hearers[chapter->hearer_count++] = (struct hearer){.house = house_names[i],
											    .claimed_us = INT_ABSENT,
											    .decided_us = INT_ABSENT,
											    .attempts = 1};
	}
}

static struct hearer *hearer_of(struct chapter *chapter, const char *house)
{
	for (size_t i = 0; i < chapter->hearer_count; i++)
		if (strcmp(chapter->hearers[i].house, house) == 0)
			return &chapter->hearers[i];
	return NULL;
}

static const struct sql find_attempts = {"story_attempts", "SELECT attempts FROM attempts WHERE id = $1"};

static void read_claims(struct order_story *story, const char *house, struct db *db)
{
	for (size_t i = 0; i < story->count; i++) {
		struct hearer *hearer = hearer_of(&story->chapters[i], house);
		struct rows rows;

		if (hearer == NULL || !claims_kept(house) ||
		    !claims_look(db, &story->chapters[i].event->id, 1, INT_ABSENT, &hearer->claimed_us))
			continue;
		arg_uuid(db_args(db), &story->chapters[i].event->id);
		if (ask_database(db, &find_attempts, &rows) && rows.count > 0)
			hearer->attempts = row_int(&rows, 0, 0);
	}
}

/* What a hearer said in answer tells when it decided. */
static void read_answers(struct order_story *story)
{
	for (size_t i = 0; i < story->count; i++)
		for (size_t answer = 0; answer < story->count; answer++) {
			const struct kept_event *said = story->chapters[answer].event;
			struct hearer *hearer = hearer_of(&story->chapters[i], story->chapters[answer].house);

			if (hearer == NULL || !uuid_equal(&said->cause, &story->chapters[i].event->id))
				continue;
			hearer->answered = true;
			hearer->decided_us = said->time_us;
		}
}

/* Copies what of a letter is shown: the queue is given back at once. */
static void read_dead(struct order_story *story, const char *house)
{
	const struct dead_filter filter = {.order = story->id};
	struct dead_queue queue;

	if (!dead_open(house, &filter, &queue))
		return;
	for (size_t n = 0; n < queue.count; n++)
		for (size_t i = 0; i < story->count; i++) {
			const struct letter *letter = &queue.letters[n];
			struct hearer *hearer = hearer_of(&story->chapters[i], house);

			if (hearer == NULL || !uuid_equal(&letter->ids[0], &story->chapters[i].event->id))
				continue;
			hearer->attempts = letter->attempts;
			hearer->dead = (struct letter){.house = house,
						       .code = arena_text(&story->arena, letter->code),
						       .reason = arena_text(&story->arena, letter->reason),
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

static int64_t heard_us(struct chapter *chapter)
{
	const struct hearer *orders = hearer_of(chapter, "orders");

	return orders == NULL || orders->claimed_us == INT_ABSENT || orders->dead.house != NULL ? INT64_MAX
												: orders->claimed_us;
}

/* Whose hearing was answered: the one that ended the order, heard last of those that were taken together. */
static bool was_answered(struct chapter *chapter)
{
	const struct hearer *orders = hearer_of(chapter, "orders");

	return orders != NULL && orders->answered;
}

static int by_hearing(const void *a, const void *b)
{
	struct chapter *const *left = a, *const *right = b;
	const int64_t l = heard_us(*left), r = heard_us(*right);

	if (l != r)
		return (l > r) - (l < r);
	if (was_answered(*left) != was_answered(*right))
		return was_answered(*left) ? 1 : -1;
	return (*left > *right) - (*left < *right);
}

/* Walks the saga's table in the order in which orders heard the answers. */
static void follow_saga(struct order_story *story)
{
	struct chapter **heard = arena_new(&story->arena, story->count + 1, sizeof(struct chapter *));
	enum order_state state = PENDING;

	for (size_t i = 0; i < story->count; i++)
		heard[i] = &story->chapters[i];
	qsort(heard, story->count, sizeof(struct chapter *), by_hearing);
	for (size_t i = 0; i < story->count; i++) {
		const int event = told(heard[i]->event->type);
		const struct saga_rule *rule = event < 0 ? NULL : saga_rule_for(state, (enum saga_event)event);

		if (event >= 0 && heard_us(heard[i]) != INT64_MAX) {
			state = rule == NULL ? state : rule->become;
			heard[i]->state = order_state_names[state];
		}
	}
	for (size_t i = 0; i < story->count; i++) {
		if (strcmp(story->chapters[i].event->type, "order.placed") == 0)
			story->chapters[i].state = order_state_names[PENDING];
		for (int end = CONFIRMED; end < ORDER_STATES; end++) /* "order.confirmed" says CONFIRMED */
			if (strcasecmp(story->chapters[i].event->type + strlen("order."), order_state_names[end]) == 0)
				story->chapters[i].state = order_state_names[end];
	}
}

bool hearer_done(const struct hearer *hearer)
{
	return hearer->dead.house == NULL && (hearer->claimed_us != INT_ABSENT || hearer->answered);
}

/* ---- all of it ---- */

static int by_time(const void *a, const void *b)
{
	const struct chapter *left = a, *right = b;
	const int64_t l = left->event->time_us, r = right->event->time_us;

	return l != r ? (l > r) - (l < r)
		      : (left->event->offset > right->event->offset) - (left->event->offset < right->event->offset);
}

static void make_chapters(struct order_story *story)
{
	story->chapters = arena_new(&story->arena, story->events.count + 1, sizeof(*story->chapters));
	for (size_t i = 0; i < story->events.count; i++) {
		struct chapter *chapter = &story->chapters[story->count++];

		*chapter = (struct chapter){.event = &story->events.events[i],
					    .house = teller(story->events.events[i].type)};
		add_hearers(chapter);
	}
	qsort(story->chapters, story->count, sizeof(*story->chapters), by_time);
}

static void ask_services(struct order_story *story)
{
	struct db *orders = connect_database("orders"), *products = connect_database("products");

	if (orders != NULL) {
		read_order(story, orders);
		read_request(story, orders);
		read_claims(story, "orders", orders);
	}
	if (products != NULL)
		read_claims(story, "products", products);
	db_free(orders);
	db_free(products);
}

bool story_read(struct order_story *story, const struct uuid *order)
{
	const struct event_filter filter = {.order = *order, .from = place_before(order)};

	*story = (struct order_story){
		.id = *order, .asked_us = INT_ABSENT, .expires_us = INT_ABSENT, .total_cents = INT_ABSENT};
	event_set_init(&story->events);
	arena_init(&story->arena);
	if (!event_set_read(&story->events, &filter))
		return false;
	event_set_unique(&story->events);
	make_chapters(story);
	ask_services(story);
	if (!story->known && story->count == 0) {
		complain("there is no such order, in the log or in the orders database");
		return false;
	}
	for (int i = 0; i < HOUSES; i++)
		read_dead(story, house_names[i]);
	read_answers(story);
	follow_saga(story);
	return true;
}

void story_done(struct order_story *story)
{
	event_set_done(&story->events);
	arena_done(&story->arena);
}
