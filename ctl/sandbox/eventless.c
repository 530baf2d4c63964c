/* Finds events without answers in the log. */
#include "ctl/sandbox/eventless.h"

#include <string.h>

#include "ctl/lib/connect.h"
#include "ctl/lib/dedup_admin.h"
#include "proto/messages.h"
#include "service/replay.h"

/* Inbox rows are pruned. An event older than this and than every row of the inbox counts as processed. */
#define PRUNED_US DAY_US

static bool among(const int *types, int type)
{
	while (*types >= 0 && *types != type)
		types++;
	return *types >= 0;
}

struct history_event *eventless_find(struct history *history, const struct replay_spec *spec,
				     const struct uuid *subject)
{
	const int64_t first = id_map_get(&history->subjects, subject);

	for (const int *type = spec->eventless; *type >= 0; type++)
		for (int64_t i = first; i != ID_MAP_NONE; i = history->events[i].previous_about) {
			struct history_event *event = &history->events[i];

			if (event->type == *type && event->answers == 0 && !event->eventless && !event->put_aside)
				return event;
		}
	return NULL;
}

/* Whether the service decides on events of this type in a consumer that changes data. */
static bool is_decided_by(const struct service *service, int type)
{
	for (const struct consumer_config *consumer = service->consumers; consumer->name != NULL; consumer++)
		if (consumer->kind == CONSUMER_EVENTS && comanda_contract.types[type].kind == EVENT &&
		    consumer_decider(consumer, type) != NULL)
			return true;
	return false;
}

/* ---- processed or still in the queue: the service's inbox says which ---- */

static const struct sql find_oldest = {
	"sandbox_oldest",
	"SELECT least((SELECT min(received_at) FROM inbox_events), (SELECT min(received_at) FROM processed_events))",
};

static bool read_oldest(struct db *db, int64_t *ret_oldest_us)
{
	struct rows rows;

	if (!query_database(db, &find_oldest, &rows))
		return false;
	*ret_oldest_us = row_timestamp(&rows, 0, 0);
	return true;
}

/* Keeps the events that the service has processed. */
static bool drop_waiting(struct db *db, struct eventless_events *list)
{
	const size_t all = list->count;
	struct uuid *ids = mem_new(all + 1, sizeof(*ids));
	int64_t *processed_us = mem_new(all + 1, sizeof(*processed_us));
	int64_t oldest_us = INT64_MIN;

	for (size_t i = 0; i < all; i++)
		ids[i] = list->events[i]->id;
	const bool fine = read_oldest(db, &oldest_us) && dedup_find(db, ids, all, INT_ABSENT, processed_us);
	list->count = 0;
	for (size_t i = 0; i < all && fine; i++) {
		const struct history_event *event = list->events[i];
		const bool pruned = event->time_us < oldest_us && timestamp_now() - event->time_us > PRUNED_US;

		if (pruned || processed_us[i] != INT_ABSENT)
			list->events[list->count++] = event;
	}
	list->waiting = all - list->count;
	free(ids);
	free(processed_us);
	return fine;
}

/* The log does not show when an event without an answer was processed. An event that the service published about the
 * same subject after the cut may have come before. */
static bool may_be_later(const struct history *history, const struct service *service,
			 const struct history_event *event)
{
	for (int64_t i = id_map_get(&history->subjects, &event->subject); i != ID_MAP_NONE;
	     i = history->events[i].previous_about)
		if (history->events[i].later &&
		    strcmp(comanda_contract.types[history->events[i].type].producer, service->name) == 0)
			return true;
	return false;
}

static bool is_eventless(const struct history *history, const struct replay_spec *spec,
			 const struct history_event *event)
{
	return !event->later && event->answers == 0 && !event->eventless && !event->put_aside &&
	       is_decided_by(spec->service, event->type) && !may_be_later(history, spec->service, event);
}

bool eventless_list(const struct history *history, const struct log_tail *tail, const struct replay_spec *spec,
		    struct db *db, struct eventless_events *ret_events)
{
	size_t answered_later = 0;

	*ret_events = (struct eventless_events){.events = mem_new(history->count + 1, sizeof(*ret_events->events))};
	for (int last = 0; last <= 1; last++)
		for (size_t i = 0; i < history->count; i++) {
			const struct history_event *event = &history->events[i];

			if (among(spec->decided_last, event->type) != (last != 0) ||
			    !is_eventless(history, spec, event))
				continue;
			if (id_map_get(&tail->causes, &event->id) != ID_MAP_NONE)
				answered_later++;
			else
				ret_events->events[ret_events->count++] = event;
		}
	if (drop_waiting(db, ret_events)) {
		ret_events->waiting += answered_later;
		return true;
	}
	free(ret_events->events);
	return false;
}
