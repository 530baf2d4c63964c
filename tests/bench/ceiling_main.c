/* comanda-ceiling: prints the ceiling of broker or database, per second. */
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/timestamp.h"
#include "tests/bench/ceiling.h"

static const struct ceiling {
	const char *name, *about;
	double (*measure)(const struct ceiling_plan *plan);
	int in_flight;
} ceilings[] = {
	{"rpc", "direct-reply calls, one message a request, 64 under way", ceiling_rpc, 64},
	{"orders", "the five events of an order, one a message, 512 orders under way", ceiling_orders, 512},
	{"database", "the rows of an order, transactions of BATCH orders, 4 connections", ceiling_database, 4},
	{NULL, NULL, NULL, 0},
};

static int usage(void)
{
	fprintf(stderr, "Usage: comanda-ceiling NAME URL WARM-UP SECONDS [BATCH]\n");
	for (const struct ceiling *ceiling = ceilings; ceiling->name != NULL; ceiling++)
		fprintf(stderr, "  %-10s%s\n", ceiling->name, ceiling->about);
	return 2;
}

int main(int argc, char **argv)
{
	const struct ceiling *ceiling = ceilings;

	if (argc < 5 || argc > 6)
		return usage();
	while (ceiling->name != NULL && strcmp(ceiling->name, argv[1]) != 0)
		ceiling++;
	if (ceiling->name == NULL)
		return usage();
	const struct ceiling_plan plan = {.url = argv[2],
					  .warm_us = (int64_t)(atof(argv[3]) * 1e6),
					  .count_us = (int64_t)(atof(argv[4]) * 1e6),
					  .in_flight = ceiling->in_flight,
					  .batch = argc > 5 ? atoi(argv[5]) : 100};
	if (plan.warm_us < 0 || plan.count_us <= 0 || plan.batch <= 0)
		return usage();
	const double per_s = ceiling->measure(&plan);
	if (per_s < 0)
		return 1;
	printf("%.1f\n", per_s);
	return 0;
}
