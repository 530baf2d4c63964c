/* From events to decisions. */
#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/sandbox/plan.h"
#include "ctl/sandbox/schedule.h"
#include "ctl/sandbox/unprocessed.h"
#include "ctl/sandbox/versions.h"
#include "proto/messages.h"
#include "service/replay.h"

/* What making a plan works with. */
struct planning {
	struct history *history;
	const struct replay_spec *spec;
	struct plan *plan;
	struct versions versions;
	bool *wanted;         /* by event: the service said it, and it belongs before the cut */
	int64_t *decision_of; /* by event: which decision said it */
	struct id_map causes; /* decisions by the id of what caused them */
	struct schedule *schedule;
};

static bool is_said_by(const struct happened *event, const struct service *service)
{
	return strcmp(comanda_contract.types[event->type].producer, service->name) == 0;
}

static struct decision *new_decision(struct plan *plan)
{
	if (plan->count == plan->room) {
		plan->room = plan->room == 0 ? 4096 : plan->room * 2;
		plan->decisions = mem_grow(plan->decisions, plan->room * sizeof(*plan->decisions));
	}
	plan->decisions[plan->count] = (struct decision){.waits_for = 0};
	return &plan->decisions[plan->count++];
}

/* ---- what was said ---- */

static bool fetch_versions(struct planning *planning, size_t index, struct arena *arena)
{
	struct happened *event = &planning->history->events[index];
	struct happened *cause;
	struct message message;

	arena_reset(arena);
	if (!happened_message(event, arena, &message)) {
		complain("the %s at offset %lld does not fit this build's contract",
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

static bool fetch_said(struct planning *planning)
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
		if (is_said_by(&history->events[i], planning->spec->service))
			fine = fetch_versions(planning, i, &arena);
	arena_done(&arena);
	versions_sort(&planning->versions);
	return fine;
}

/* The log is not in the order of decisions: what lies before the cut may rest on a version that lies after it. */
static bool pull_one(struct planning *planning, size_t first, size_t count)
{
	const struct touch *touches = &planning->versions.touches[first];
	int64_t most = 0;
	bool pulled = false;

	for (size_t i = 0; i < count; i++)
		if (planning->wanted[touches[i].event] && touches[i].sequence > most)
			most = touches[i].sequence;
	for (size_t i = 0; i < count; i++) {
		const bool needed = touches[i].sequence < most && !touches[i].seen;

		pulled = pulled || (needed && !planning->wanted[touches[i].event]);
		planning->wanted[touches[i].event] = planning->wanted[touches[i].event] || needed;
	}
	return pulled;
}

static void pull_what_is_needed(struct planning *planning)
{
	bool pulled = planning->history->before < planning->history->count;

	while (pulled) {
		pulled = false;
		for (size_t first = 0, run; first < planning->versions.count; first += run) {
			run = versions_run(&planning->versions, first);
			pulled = pull_one(planning, first, run) || pulled;
		}
	}
}

/* ---- decisions ---- */

static void decide_said(struct planning *planning, size_t index)
{
	const struct happened *event = &planning->history->events[index];
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

static void place_outputs(struct planning *planning)
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

static void decide_all_said(struct planning *planning)
{
	for (size_t i = 0; i < planning->history->count; i++)
		if (planning->wanted[i])
			decide_said(planning, i);
	place_outputs(planning);
}

/* ---- the order ---- */

static bool lacks(const struct touch *touch, int64_t sequence)
{
	char id[UUID_TEXT + 1];

	uuid_text(&touch->id, id);
	complain("the log lacks what made version %lld of the %s %s: it cannot be rebuilt", (long long)sequence,
		 touch->kind->name, id);
	return false;
}

/* A version that nobody told of was made by something that was heard. */
static bool fill_gap(struct planning *planning, const struct touch *touch, int64_t sequence, int64_t *previous)
{
	struct happened *heard = touch->kind != planning->spec->eventless_kind
					 ? NULL
					 : unprocessed_find(planning->history, planning->spec, &touch->id);

	if (heard == NULL)
		return lacks(touch, sequence);
	heard->eventless = true;
	struct decision *decision = new_decision(planning->plan);
	decision->input = heard;
	decision->now_us = heard->time_us;
	decision->offset = heard->offset;
	const int64_t number = (int64_t)planning->plan->count - 1;
	if (*previous >= 0)
		schedule_edge(planning->schedule, (size_t)*previous, (size_t)number);
	*previous = number;
	return true;
}

/* Of requests: what was said about the same subject before. */
static void remember_before(struct planning *planning, const struct touch *touch, const struct happened **before)
{
	const struct happened *event = &planning->history->events[touch->event];
	struct decision *decision = &planning->plan->decisions[planning->decision_of[touch->event]];

	if (touch->seen || decision->input != NULL || !uuid_equal(&event->subject, &touch->id) ||
	    planning->plan->outputs[decision->first_output] != event)
		return;
	decision->before = *before;
	*before = event;
}

static bool chain_one(struct planning *planning, size_t first, size_t count)
{
	const struct happened *before = NULL;
	int64_t previous = -1, made = 0;

	for (size_t i = first; i < first + count; i++) {
		const struct touch touch = planning->versions.touches[i];

		if (!planning->wanted[touch.event])
			continue;
		while (made < touch.sequence - (touch.seen ? 0 : 1))
			if (!fill_gap(planning, &touch, ++made, &previous))
				return false;
		if (!touch.seen)
			made = touch.sequence;
		remember_before(planning, &touch, &before);
		const int64_t number = planning->decision_of[touch.event];
		if (previous >= 0 && previous != number)
			schedule_edge(planning->schedule, (size_t)previous, (size_t)number);
		previous = number;
	}
	return true;
}

static bool chain_all(struct planning *planning)
{
	bool fine = true;

	for (size_t first = 0, run; first < planning->versions.count && fine; first += run) {
		run = versions_run(&planning->versions, first);
		fine = chain_one(planning, first, run);
	}
	return fine;
}

/* What was heard and led to nothing: decided again as well, after everything else. */
static bool add_late(struct planning *planning, struct db *db)
{
	struct unprocessed unprocessed;

	if (!unprocessed_list(planning->history, planning->spec, db, &unprocessed))
		return false;
	for (size_t i = 0; i < unprocessed.count; i++) {
		struct decision *decision = new_decision(planning->plan);

		decision->input = unprocessed.events[i];
		decision->now_us = planning->history->cut_us;
		decision->offset = decision->input->offset;
		decision->late = true;
	}
	planning->plan->waiting = unprocessed.waiting;
	free(unprocessed.events);
	return true;
}

static bool put_in_order(struct planning *planning, struct db *db)
{
	planning->schedule = schedule_new();
	bool fine = chain_all(planning) && add_late(planning, db);
	if (fine && !schedule_run(planning->schedule, planning->plan)) {
		complain("the log contradicts itself: no order of decisions gives each the versions that it tells of");
		fine = false;
	}
	schedule_free(planning->schedule);
	return fine;
}

bool plan_make(struct history *history, const struct replay_spec *spec, struct db *db, struct plan *ret_plan)
{
	struct planning planning = {
		.history = history,
		.spec = spec,
		.plan = ret_plan,
		.wanted = mem_new(history->count + 1, sizeof(bool)),
		.decision_of = mem_new(history->count + 1, sizeof(int64_t)),
	};

	*ret_plan = (struct plan){.count = 0};
	id_map_init(&planning.causes);
	bool fine = fetch_said(&planning);
	if (fine) {
		pull_what_is_needed(&planning);
		decide_all_said(&planning);
		fine = put_in_order(&planning, db);
	}
	id_map_done(&planning.causes);
	free(planning.versions.touches);
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
