/* What broker and database could do at most: the product's own messages and rows, with nothing decided in between. */
#ifndef TESTS_BENCH_CEILING_H
#define TESTS_BENCH_CEILING_H

#include <stdint.h>

struct ceiling_plan {
	const char *url;           /* of the broker, or of the database */
	int64_t warm_us, count_us; /* before counting begins, and counting */
	int in_flight;             /* requests, or orders, under way at once; database: connections */
	int batch;                 /* database: orders in one transaction */
};

/* Each returns how many a second; below 0: it did not work, and stderr says why. */
double ceiling_rpc(const struct ceiling_plan *plan);
double ceiling_orders(const struct ceiling_plan *plan);
double ceiling_database(const struct ceiling_plan *plan);

#endif
