/* What was heard without a trace. */
#include "ctl/sandbox/unprocessed.h"

#include <string.h>

#include "ctl/lib/connect.h"
#include "ctl/lib/dedup_admin.h"
#include "proto/messages.h"
#include "service/replay.h"

/* An inbox forgets; what is older than this and than all that it remembers was handled long ago. */
#define FORGOTTEN_US DAY_US

static bool among(const int *types, int type)
{
	while (*types >= 0 && *types != type)
		types++;
	return *types >= 0;
}

struct happened *unprocessed_find(struct history *history, const struct replay_spec *spec, const struct uuid *subject)
{
	const int64_t first = id_map_get(&history->subjects, subject);

	for (const int *type = spec->eventless; *type >= 0; type++)
		for (int64_t i = first; i != ID_MAP_NONE; i = history->events[i].next_about) {
			struct happened *event = &history->events[i];

			if (event->type == *type && event->answers == 0 && !event->eventless)
				return event;
		}
	return NULL;
}

/* Does the service decide events of this type, and keep what it decides? */
static bool is_heard(const struct service *service, int type)
{
	for (const struct consumer_config *plan = service->consumers; plan->name != NULL; plan++)
		if (plan->kind == CONSUMER_EVENTS && comanda_contract.types[type].kind == EVENT &&
		    consumer_decider(plan, type) != NULL)
			return true;
	return false;
}

/* ---- handled, or still waiting? The service itself knows ---- */

static const struct sql find_oldest = {
	"sandbox_oldest",
	"SELECT least((SELECT min(received_at) FROM inbox_events), (SELECT min(received_at) FROM processed_events))",
};

static bool ask_oldest(struct db *db, int64_t *ret_oldest_us)
{
	struct rows rows;

	if (!ask_database(db, &find_oldest, &rows))
		return false;
	*ret_oldest_us = row_timestamp(&rows, 0, 0);
	return true;
}

/* Keeps those that were handled. */
static bool drop_waiting(struct db *db, struct unprocessed *unprocessed)
{
	const size_t all = unprocessed->count;
	struct uuid *ids = mem_new(all + 1, sizeof(*ids));
	int64_t *processed_us = mem_new(all + 1, sizeof(*processed_us));
	int64_t oldest_us = INT64_MIN;

	for (size_t i = 0; i < all; i++)
		ids[i] = unprocessed->events[i]->id;
	const bool fine = ask_oldest(db, &oldest_us) && dedup_look(db, ids, all, INT_ABSENT, processed_us);
	unprocessed->count = 0;
	for (size_t i = 0; i < all && fine; i++) {
		const struct happened *event = unprocessed->events[i];
		const bool forgotten = event->time_us < oldest_us && timestamp_now() - event->time_us > FORGOTTEN_US;

		if (forgotten || processed_us[i] != INT_ABSENT)
			unprocessed->events[unprocessed->count++] = event;
	}
	unprocessed->waiting = all - unprocessed->count;
	free(ids);
	free(processed_us);
	return fine;
}

/* What the service said about the same subject after the cut may have come before this: the log does not tell when
 * something was heard that led to nothing. */
static bool may_be_later(const struct history *history, const struct service *service, const struct happened *event)
{
	for (int64_t i = id_map_get(&history->subjects, &event->subject); i != ID_MAP_NONE;
	     i = history->events[i].next_about)
		if (history->events[i].later &&
		    strcmp(comanda_contract.types[history->events[i].type].producer, service->name) == 0)
			return true;
	return false;
}

static bool is_unprocessed(const struct history *history, const struct replay_spec *spec, const struct happened *event)
{
	return !event->later && event->answers == 0 && !event->eventless && is_heard(spec->service, event->type) &&
	       !may_be_later(history, spec->service, event);
}

bool unprocessed_list(const struct history *history, const struct replay_spec *spec, struct db *db,
		      struct unprocessed *ret_unprocessed)
{
	*ret_unprocessed =
		(struct unprocessed){.events = mem_new(history->count + 1, sizeof(*ret_unprocessed->events))};
	for (int last = 0; last <= 1; last++)
		for (size_t i = 0; i < history->count; i++) {
			const struct happened *event = &history->events[i];

			if (among(spec->last, event->type) == (last != 0) && is_unprocessed(history, spec, event))
				ret_unprocessed->events[ret_unprocessed->count++] = event;
		}
	if (drop_waiting(db, ret_unprocessed))
		return true;
	free(ret_unprocessed->events);
	return false;
}
