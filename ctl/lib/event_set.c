/* Copies events and removes repetitions. */
#include "ctl/lib/event_set.h"

#include <stdlib.h>
#include <string.h>

void event_set_init(struct event_set *set)
{
	*set = (struct event_set){.events = NULL};
	arena_init(&set->arena);
}

void event_set_done(struct event_set *set)
{
	free(set->events);
	arena_done(&set->arena);
}

static struct uuid order_of(const struct log_event *event)
{
	const struct uuid named = json_id_of(event->data, "order_id");

	return uuid_is_nil(&named) && strncmp(event->type, "order.", 6) == 0 ? event->subject : named;
}

void event_set_add(struct event_set *set, const struct log_event *event)
{
	struct buffer text;

	if (set->count == set->room) {
		set->room = set->room == 0 ? 256 : set->room * 2;
		set->events = mem_grow(set->events, set->room * sizeof(*set->events));
	}
	buffer_init(&text);
	json_print(&text, event->json);
	set->events[set->count++] = (struct kept_event){
		.id = event->id,
		.cause = event->cause,
		.subject = event->subject,
		.order = order_of(event),
		.type = arena_text(&set->arena, event->type),
		.offset = event->offset,
		.time_us = event->time_us,
		.text = {arena_copy(&set->arena, text.bytes, text.size), text.size},
	};
	buffer_done(&text);
}

static int by_id(const void *a, const void *b)
{
	const struct kept_event *const *left = a, *const *right = b;
	const int order = uuid_compare(&(*left)->id, &(*right)->id);

	return order != 0 ? order : (*left > *right) - (*left < *right);
}

void event_set_unique(struct event_set *set)
{
	struct kept_event **sorted = mem_new(set->count + 1, sizeof(struct kept_event *));
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++)
		sorted[i] = &set->events[i];
	qsort(sorted, set->count, sizeof(*sorted), by_id);
	for (size_t i = 1; i < set->count; i++)
		if (uuid_equal(&sorted[i - 1]->id, &sorted[i]->id))
			sorted[i]->type = NULL; /* repeats an earlier event */
	for (size_t i = 0; i < set->count; i++)
		if (set->events[i].type != NULL)
			set->events[kept++] = set->events[i];
	set->count = kept;
	free(sorted);
}

bool event_set_read(struct event_set *set, const struct event_filter *filter)
{
	const struct log_range range = {.from = filter->from, .until = filter->until};
	struct event_log *log;
	struct log_event event;
	enum log_step step = LOG_END;

	if (!event_log_open(&range, &log))
		return false;
	while ((filter->limit == 0 || (int64_t)set->count < filter->limit) &&
	       (step = event_log_next(log, &event)) == LOG_EVENT)
		if (filter_passes(filter, &event))
			event_set_add(set, &event);
	event_log_free(log);
	return step != LOG_FAILED;
}
