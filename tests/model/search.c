/* Breadth first, so that the path to a violation is a shortest one. */
#include "tests/model/search.h"

#include <assert.h>
#include <string.h>

#include "tests/model/canonical.h"
#include "tests/model/rules.h"
#include "tests/model/steps.h"

enum { EDGES_FIRST = 4096 };

void search_state(const struct search *search, uint32_t number, struct bag *ret_state)
{
	size_t size;
	const void *facts = table_key(&search->states, number, &size);

	ret_state->count = (unsigned)(size / sizeof(number_t));
	memcpy(ret_state->facts, facts, size);
}

static struct visit *visit_of(const struct search *search, uint32_t number)
{
	return table_value(&search->states, number);
}

void search_break(struct search *search, enum rule rule, struct step step, const struct bag *state)
{
	const enum rule watched = search->model.mutation->caught_by;

	if (search->violation.rule != RULE_ALL || (watched != RULE_ALL && watched != rule))
		return;
	search->violation = (struct violation){rule, search->here, step, *state};
}

static void add_edge(struct search *search, uint32_t to)
{
	if (search->edge_count == search->edge_room) {
		search->edge_room = search->edge_room == 0 ? EDGES_FIRST : 2 * search->edge_room;
		search->edges = mem_grow(search->edges, search->edge_room * sizeof(uint32_t));
	}
	search->edges[search->edge_count++] = to;
}

void search_reach(struct search *search, struct bag *state, struct step step)
{
	struct model *model = &search->model;
	bool is_new;

	canonical(model, state);
	const uint32_t number = table_number(&search->states, state->facts, state->count * sizeof(number_t), &is_new);
	if (search->here != 0)
		add_edge(search, number);
	if (!is_new)
		return;
	const uint32_t depth = search->here == 0 ? 0 : visit_of(search, search->here)->depth + 1;
	*visit_of(search, number) = (struct visit){
		.parent = search->here,
		.step = step,
		.depth = depth,
		.settled = state_settled(model, state),
	};
	search->depth = depth;
	search->settled_count += visit_of(search, number)->settled;
	const enum rule broken = rules_of_state(model, state, model->mutation->caught_by);
	if (broken != RULE_ALL)
		search_break(search, broken, step, state);
}

/* ---- can everything come to an end? ---- */

static bool leads_to_end(const struct search *search, uint32_t number)
{
	const size_t end =
		number == search->states.count ? search->edge_count : visit_of(search, number + 1)->first_edge;

	if (visit_of(search, number)->settled)
		return true;
	for (size_t edge = visit_of(search, number)->first_edge; edge < end; edge++)
		if (visit_of(search, search->edges[edge])->ends)
			return true;
	return false;
}

/* Marks from the last state to the first, repeatedly until nothing changes. Most steps lead to later states. */
static void mark_ends(struct search *search)
{
	bool marked = true;

	while (marked) {
		marked = false;
		for (uint32_t number = search->states.count; number >= 1; number--) {
			struct visit *visit = visit_of(search, number);

			if (visit->ends || !leads_to_end(search, number))
				continue;
			visit->ends = marked = true;
		}
	}
}

static void check_ends(struct search *search)
{
	struct bag state;

	mark_ends(search);
	for (uint32_t number = 1; number <= search->states.count; number++) {
		const struct visit *visit = visit_of(search, number);

		if (visit->ends)
			continue;
		search_state(search, number, &state);
		search->here = visit->parent;
		search_break(search, RULE_END_REACHABLE, visit->step, &state);
		return;
	}
}

/* ---- the search ---- */

void search_run(struct search *search, const struct scenario *scenario, const struct mutation *mutation)
{
	struct bag state;

	*search = (struct search){0};
	model_init(&search->model, scenario, mutation);
	table_init(&search->states, sizeof(struct visit));
	model_begin(&search->model, &state);
	search_reach(search, &state, (struct step){.kind = STEP_START});
	for (uint32_t number = 1; number <= search->states.count && search->violation.rule == RULE_ALL; number++) {
		search->here = number;
		visit_of(search, number)->first_edge = search->edge_count;
		search_state(search, number, &state);
		steps_from(search, &state);
	}
	if (search->violation.rule == RULE_ALL)
		check_ends(search);
}

void search_done(struct search *search)
{
	free(search->edges);
	table_done(&search->states);
	model_done(&search->model);
}
