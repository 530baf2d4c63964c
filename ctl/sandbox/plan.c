/* Finds decisions in the log, and their order. */
#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/sandbox/eventless.h"
#include "ctl/sandbox/plan.h"
#include "ctl/sandbox/schedule.h"
#include "ctl/sandbox/versions.h"
#include "proto/messages.h"
#include "service/replay.h"

/* The state of plan_make. */
struct planning {
	struct history *history;
	const struct log_tail *tail;
	const struct replay_spec *spec;
	struct plan *plan;
	struct versions versions;
	bool *wanted;         /* by event: the service published it, and its decision belongs to the plan */
	int64_t *decision_of; /* by event: the decision that published it */
	struct id_map causes; /* decisions by the id of their cause */
	struct schedule *schedule;
};

static bool is_published_by(const struct history_event *event, const struct service *service)
{
	return strcmp(comanda_contract.types[event->type].producer, service->name) == 0;
}

static struct decision *new_decision(struct plan *plan)
{
	if (plan->count == plan->room) {
		plan->room = plan->room == 0 ? 4096 : plan->room * 2;
		plan->decisions = mem_grow(plan->decisions, plan->room * sizeof(*plan->decisions));
	}
	plan->decisions[plan->count] = (struct decision){.dependencies = 0};
	return &plan->decisions[plan->count++];
}

/* ---- events that the service published ---- */

static bool read_versions(struct planning *planning, size_t index, struct arena *arena)
{
	struct history_event *event = &planning->history->events[index];
	struct history_event *cause;
	struct message message;

	arena_reset(arena);
	if (!history_event_message(event, arena, &message)) {
		print_error("the %s at offset %lld does not fit this build's contract",
			    comanda_contract.types[event->type].name, (long long)event->offset);
		return false;
	}
	planning->versions.event = index;
	planning->versions.time_us = event->time_us;
	planning->spec->versions(&planning->versions, &message);
	planning->wanted[index] = !event->later;
	const int64_t found = id_map_get(&planning->history->ids, &event->cause);
	cause = found == ID_MAP_NONE ? NULL : &planning->history->events[found];
	if (cause != NULL)
		cause->answers++;
	return true;
}

static bool read_outputs(struct planning *planning)
{
	struct history *history = planning->history;
	struct arena arena;
	bool fine = true;

	arena_init(&arena);
	for (size_t i = 0; i < history->count; i++) {
		history->events[i].eventless = false;
		history->events[i].answers = 0;
	}
	for (size_t i = 0; i < history->count && fine; i++)
		if (is_published_by(&history->events[i], planning->spec->service))
			fine = read_versions(planning, i, &arena);
	arena_done(&arena);
	versions_sort(&planning->versions);
	return fine;
}

/* The log is not in the order of decisions. A decision before the cut may depend on a version whose event lies after
 * it. Such an event becomes wanted. Returns whether there was one. */
static bool include_needed_of(struct planning *planning, size_t first, size_t count)
{
	const struct version_entry *entries = &planning->versions.entries[first];
	int64_t most = 0;
	bool included = false;

	for (size_t i = 0; i < count; i++)
		if (planning->wanted[entries[i].event] && entries[i].sequence > most)
			most = entries[i].sequence;
	for (size_t i = 0; i < count; i++) {
		const bool needed = entries[i].sequence < most && !entries[i].seen;

		included = included || (needed && !planning->wanted[entries[i].event]);
		planning->wanted[entries[i].event] = planning->wanted[entries[i].event] || needed;
	}
	return included;
}

static void include_needed(struct planning *planning)
{
	bool included = planning->history->before < planning->history->count;

	while (included) {
		included = false;
		for (size_t first = 0, count; first < planning->versions.count; first += count) {
			count = versions_group(&planning->versions, first);
			included = include_needed_of(planning, first, count) || included;
		}
	}
}

/* ---- decisions ---- */

static void add_output(struct planning *planning, size_t index)
{
	const struct history_event *event = &planning->history->events[index];
	const int64_t number = id_map_put(&planning->causes, &event->cause, (int64_t)planning->plan->count);

	planning->decision_of[index] = number;
	if (number == (int64_t)planning->plan->count) {
		struct decision *decision = new_decision(planning->plan);

		decision->input = history_find(planning->history, &event->cause);
		decision->now_us = event->time_us;
		decision->offset = event->offset;
	}
	planning->plan->decisions[number].output_count++;
	planning->plan->output_count++;
}

static void collect_outputs(struct planning *planning)
{
	struct plan *plan = planning->plan;
	size_t next = 0;

	plan->outputs = mem_new(plan->output_count + 1, sizeof(*plan->outputs));
	for (size_t i = 0; i < plan->count; i++) {
		plan->decisions[i].first_output = next;
		next += plan->decisions[i].output_count;
		plan->decisions[i].output_count = 0;
	}
	for (size_t i = 0; i < planning->history->count; i++) {
		if (!planning->wanted[i])
			continue;
		struct decision *decision = &plan->decisions[planning->decision_of[i]];
		plan->outputs[decision->first_output + decision->output_count++] = &planning->history->events[i];
	}
}

static void add_decisions(struct planning *planning)
{
	for (size_t i = 0; i < planning->history->count; i++)
		if (planning->wanted[i])
			add_output(planning, i);
	collect_outputs(planning);
}

/* ---- the order ---- */

static bool print_missing_version(const struct version_entry *entry, int64_t sequence)
{
	char id[UUID_TEXT + 1];

	uuid_text(&entry->id, id);
	print_error("the log lacks the event behind version %lld of the %s %s: it cannot be rebuilt",
		    (long long)sequence, entry->kind->name, id);
	return false;
}

/* No event names the version: the decision on an event about the aggregate made it, and published nothing. */
static bool fill_gap(struct planning *planning, const struct version_entry *entry, int64_t sequence, int64_t *previous)
{
	struct history_event *event = entry->kind != planning->spec->eventless_kind
					      ? NULL
					      : eventless_find(planning->history, planning->spec, &entry->id);

	if (event == NULL)
		return print_missing_version(entry, sequence);
	event->eventless = true;
	struct decision *decision = new_decision(planning->plan);
	decision->input = event;
	decision->now_us = event->time_us;
	decision->offset = event->offset;
	const int64_t number = (int64_t)planning->plan->count - 1;
	if (*previous >= 0)
		schedule_edge(planning->schedule, (size_t)*previous, (size_t)number);
	*previous = number;
	return true;
}

/* For the decision on a request: the event about the same subject before. */
static void set_before(struct planning *planning, const struct version_entry *entry,
		       const struct history_event **before)
{
	const struct history_event *event = &planning->history->events[entry->event];
	struct decision *decision = &planning->plan->decisions[planning->decision_of[entry->event]];

	if (entry->seen || decision->input != NULL || !uuid_equal(&event->subject, &entry->id) ||
	    planning->plan->outputs[decision->first_output] != event)
		return;
	decision->before = *before;
	*before = event;
}

static bool order_group(struct planning *planning, size_t first, size_t count)
{
	const struct history_event *before = NULL;
	int64_t previous = -1, made = 0;

	for (size_t i = first; i < first + count; i++) {
		const struct version_entry entry = planning->versions.entries[i];

		if (!planning->wanted[entry.event])
			continue;
		while (made < entry.sequence - (entry.seen ? 0 : 1))
			if (!fill_gap(planning, &entry, ++made, &previous))
				return false;
		if (!entry.seen)
			made = entry.sequence;
		set_before(planning, &entry, &before);
		const int64_t number = planning->decision_of[entry.event];
		if (previous >= 0 && previous != number)
			schedule_edge(planning->schedule, (size_t)previous, (size_t)number);
		previous = number;
	}
	return true;
}

static bool order_by_versions(struct planning *planning)
{
	bool fine = true;

	for (size_t first = 0, count; first < planning->versions.count && fine; first += count) {
		count = versions_group(&planning->versions, first);
		fine = order_group(planning, first, count);
	}
	return fine;
}

/* No recorded decision depends on the remaining events without answers: they are decided on after all others. */
static bool add_late(struct planning *planning, struct db *db)
{
	struct eventless_events eventless;

	if (!eventless_list(planning->history, planning->tail, planning->spec, db, &eventless))
		return false;
	for (size_t i = 0; i < eventless.count; i++) {
		struct decision *decision = new_decision(planning->plan);

		decision->input = eventless.events[i];
		decision->now_us = planning->history->cut_us;
		decision->offset = decision->input->offset;
		decision->late = true;
	}
	planning->plan->waiting = eventless.waiting;
	free(eventless.events);
	return true;
}

static bool put_in_order(struct planning *planning, struct db *db)
{
	planning->schedule = schedule_new();
	bool fine = order_by_versions(planning) && add_late(planning, db);
	if (fine && !schedule_run(planning->schedule, planning->plan)) {
		print_error("the log contradicts itself: no order of decisions fits the versions in its events");
		fine = false;
	}
	schedule_free(planning->schedule);
	return fine;
}

bool plan_make(struct history *history, const struct log_tail *tail, const struct replay_spec *spec, struct db *db,
	       struct plan *ret_plan)
{
	struct planning planning = {
		.history = history,
		.tail = tail,
		.spec = spec,
		.plan = ret_plan,
		.wanted = mem_new(history->count + 1, sizeof(bool)),
		.decision_of = mem_new(history->count + 1, sizeof(int64_t)),
	};

	*ret_plan = (struct plan){.count = 0};
	id_map_init(&planning.causes);
	bool fine = read_outputs(&planning);
	if (fine) {
		include_needed(&planning);
		add_decisions(&planning);
		fine = put_in_order(&planning, db);
	}
	id_map_done(&planning.causes);
	free(planning.versions.entries);
	free(planning.wanted);
	free(planning.decision_of);
	if (!fine)
		plan_done(ret_plan);
	return fine;
}

void plan_done(struct plan *plan)
{
	free(plan->decisions);
	free(plan->in_order);
	free(plan->outputs);
}
