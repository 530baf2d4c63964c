/* Decisions driven, against the handler tables. */
#include "tests/model/coverage.h"

#include <stdio.h>

#include "tests/model/letters.h"
#include "tests/model/turns.h"

void coverage_add(struct coverage *coverage, const struct search *search)
{
	for (uint32_t number = 1; number <= search->model.turns.count; number++) {
		const struct turn turn = turn_of(&search->model, number_of(number));

		for (unsigned i = 0; i < turn.count; i++)
			if (turn.status[i] == OK)
				coverage->done[turn.side][delivery_of(&search->model, turn.deliveries[i]).type] = true;
	}
}

static bool all_done(const bool *done, const struct side *side, const struct handler *handlers)
{
	bool full = true;

	for (const struct handler *handler = handlers; handler != NULL && handler->decide != NULL; handler++) {
		if (done[handler->type])
			continue;
		full = false;
		printf("NEVER DECIDED: %s in %s\n", comanda_contract.types[handler->type].name, side->name);
	}
	return full;
}

bool coverage_full(const struct coverage *coverage)
{
	bool full = true;

	for (enum side_name name = 0; name < SIDES; name++) {
		const struct side *side = side_of(name);

		full = all_done(coverage->done[name], side, side->events) && full;
		full = all_done(coverage->done[name], side, side->commands) && full;
	}
	return full;
}
