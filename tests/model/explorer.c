/* model_explorer: visits every state that the services can come to, and shows that the mutations do not survive it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "search.h"
#include "trace.h"

static bool explore(const struct world *world)
{
	struct search search;
	const clock_t start = clock();

	search_run(&search, world, &no_mutation);
	const bool sound = search.breach.rule == RULE_ALL;
	printf("%-28s %9u states %10zu transitions, depth %3u, %7u ends, %5u decisions, %.1f s  %s\n", world->name,
	       search.states.count, search.edge_count, search.depth, search.settled_count, search.model.turns.count,
	       (double)(clock() - start) / CLOCKS_PER_SEC, sound ? "ok" : rule_text(search.breach.rule));
	if (!sound)
		trace_print(&search);
	search_done(&search);
	return sound;
}

int main(void)
{
	json_init();
	for (const struct world *world = worlds; world->name != NULL; world++)
		explore(world);
	return 0;
}
