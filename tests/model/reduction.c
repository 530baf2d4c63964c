/* Does the reduced search reach every content of the databases that the full one reaches? */
#include "tests/model/reduction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/rows.h"
#include "tests/model/search.h"

static const struct scenario compared[] = {
	{
		.name = "one order, every fault",
		.orders = 1,
		.stock = 1,
		.cancels = {true},
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.duplicates = 1,
		.overlapping_timers = 1,
		.consumers = 1,
	},
	{
		.name = "one order, asked twice",
		.orders = 1,
		.stock = 1,
		.may_be_disabled = true,
		.repeats = true,
		.last = PHASE_OVERDUE,
		.duplicates = 1,
		.overlapping_timers = 1,
		.consumers = 2,
	},
	{.name = "two orders", .orders = 2, .stock = 1, .last = PHASE_OVERDUE, .overlapping_timers = 1, .consumers = 1},
	{.name = NULL},
};

/* A content of the databases as text: numbers differ from one search to the other, keys of rows do not. */
struct prospect {
	size_t count;
	const char *rows[BAG_MAX];
	size_t sizes[BAG_MAX];
};

static bool comes_after(const struct prospect *prospect, size_t place, const char *row, size_t size)
{
	const size_t both = prospect->sizes[place] < size ? prospect->sizes[place] : size;
	const int order = memcmp(prospect->rows[place], row, both);

	return order > 0 || (order == 0 && prospect->sizes[place] > size);
}

static void add_sorted(struct prospect *prospect, const char *row, size_t size)
{
	size_t place = prospect->count++;

	for (; place > 0 && comes_after(prospect, place - 1, row, size); place--) {
		prospect->rows[place] = prospect->rows[place - 1];
		prospect->sizes[place] = prospect->sizes[place - 1];
	}
	prospect->rows[place] = row;
	prospect->sizes[place] = size;
}

static void outlook_text(const struct search *search, uint32_t number, struct buffer *ret_text)
{
	struct prospect prospect = {0};
	struct bag state;

	search_state(search, number, &state);
	buffer_clear(ret_text);
	buffer_format(ret_text, "%d|", (int)bag_phase(&search->model, &state));
	for (unsigned i = 0; i < state.count; i++) {
		const struct fact fact = fact_of(&search->model, state.facts[i]);
		size_t size;

		if (fact.kind != FACT_ROW)
			continue;
		const char *row = table_key(&search->model.rows, fact.b, &size);
		add_sorted(&prospect, row, size);
	}
	for (size_t i = 0; i < prospect.count; i++)
		buffer_add(ret_text, prospect.rows[i], prospect.sizes[i]);
}

static uint32_t collect(const struct scenario *scenario, struct table *outlooks)
{
	struct search search;
	struct buffer text;
	bool is_new;

	buffer_init(&text);
	search_run(&search, scenario, &no_mutation);
	for (uint32_t number = 1; number <= search.states.count; number++) {
		outlook_text(&search, number, &text);
		table_number(outlooks, text.bytes, text.size, &is_new);
	}
	const uint32_t states = search.states.count;
	search_done(&search);
	buffer_done(&text);
	return states;
}

static bool same(const struct scenario *scenario)
{
	struct scenario reduced = *scenario;
	struct table outlooks;

	reduced.reduced = true;
	table_init(&outlooks, 0);
	const uint32_t reduced_states = collect(&reduced, &outlooks);
	const uint32_t seen = outlooks.count;
	const uint32_t states = collect(scenario, &outlooks);
	printf("%-24s %8u states, reduced %7u, contents of the databases %u and %u\n", scenario->name, states,
	       reduced_states, outlooks.count, seen);
	fflush(stdout);
	const bool all = outlooks.count == seen;
	table_done(&outlooks);
	return all;
}

bool reduction_check(void)
{
	bool sound = true;

	for (const struct scenario *scenario = compared; scenario->name != NULL; scenario++)
		sound = same(scenario) && sound;
	return sound;
}
