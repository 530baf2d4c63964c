/* model_explorer: visits every reachable state of the services, and shows that it detects mutations.
 *
 *   model_explorer [SCENARIO...]    explores these scenarios, or all
 *   model_explorer --mutations   runs every mutation in its scenario; each must break its rule
 *   model_explorer --show NAME   shows how a mutation breaks its rule
 *   model_explorer --reduction   compares reduced and full searches of small scenarios
 *
 * Exit code: 0 if all checks pass. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/model/coverage.h"
#include "tests/model/reduction.h"
#include "tests/model/search.h"
#include "tests/model/trace.h"
#include "json/json.h"

static double seconds_since(clock_t start)
{
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static bool explore(const struct scenario *scenario, struct coverage *coverage)
{
	const clock_t start = clock();
	struct search search;

	search_run(&search, scenario, &no_mutation);
	const bool sound = search.violation.rule == RULE_ALL;
	printf("%-22s %8u states %9zu transitions  depth %2u  %5u ends  %4u decisions  %5.1f s   %s\n", scenario->name,
	       search.states.count, search.edge_count, search.depth, search.settled_count, search.model.batches.count,
	       seconds_since(start), scenario->about);
	if (!sound) {
		printf("BROKEN: %s\n", rule_text(search.violation.rule));
		trace_print(&search);
	}
	fflush(stdout);
	coverage_add(coverage, &search);
	search_done(&search);
	return sound;
}

static bool explore_named(const char *name)
{
	const struct scenario *scenario = scenario_named(name);
	struct coverage coverage = {0};

	if (scenario == NULL)
		fprintf(stderr, "there is no scenario \"%s\"\n", name);
	return scenario != NULL && explore(scenario, &coverage);
}

static bool explore_all(void)
{
	struct coverage coverage = {0};
	bool sound = true;

	for (const struct scenario *scenario = scenarios; scenario->name != NULL; scenario++)
		sound = explore(scenario, &coverage) && sound;
	return coverage_full(&coverage) && sound;
}

static bool is_caught(const struct mutation *mutation, bool show)
{
	const clock_t start = clock();
	struct search search;

	search_run(&search, scenario_named(mutation->scenario), mutation);
	const bool caught = search.violation.rule == mutation->caught_by;
	printf("%-9s %-48s %-22s %8u states %5.1f s  %s\n", caught ? "caught" : "SURVIVED", mutation->name,
	       mutation->scenario, search.states.count, seconds_since(start), rule_text(mutation->caught_by));
	if (show && search.violation.rule != RULE_ALL)
		trace_print(&search);
	fflush(stdout);
	search_done(&search);
	return caught;
}

static bool catch_all(void)
{
	bool all = true;

	for (const struct mutation *mutation = mutations; mutation->name != NULL; mutation++)
		all = is_caught(mutation, false) && all;
	return all;
}

static bool show(const char *name)
{
	for (const struct mutation *mutation = mutations; mutation->name != NULL; mutation++)
		if (strcmp(mutation->name, name) == 0)
			return is_caught(mutation, true);
	fprintf(stderr, "there is no mutation \"%s\"\n", name);
	return false;
}

int main(int argc, char **argv)
{
	bool sound = true;

	json_init();
	if (argc == 2 && strcmp(argv[1], "--mutations") == 0)
		return catch_all() ? 0 : 1;
	if (argc == 2 && strcmp(argv[1], "--reduction") == 0)
		return reduction_check() ? 0 : 1;
	if (argc == 3 && strcmp(argv[1], "--show") == 0)
		return show(argv[2]) ? 0 : 1;
	if (argc == 1)
		return explore_all() ? 0 : 1;
	for (int i = 1; i < argc; i++)
		sound = explore_named(argv[i]) && sound;
	return sound ? 0 : 1;
}
