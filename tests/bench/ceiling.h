/* The ceilings of broker and database: the messages and rows of the product, without any decisions. */
#ifndef TESTS_BENCH_CEILING_H
#define TESTS_BENCH_CEILING_H

#include <stdint.h>

struct ceiling_plan {
	const char *url;           /* of the broker, or of the database */
	int64_t warm_us, count_us; /* warm-up, then measurement */
	int in_flight;             /* requests or orders in flight; database: connections */
	int batch;                 /* database: orders in one transaction */
};

/* Each returns the rate per second. A negative value is a failure, whose reason is on stderr. */
double ceiling_rpc(const struct ceiling_plan *plan);
double ceiling_orders(const struct ceiling_plan *plan);
double ceiling_database(const struct ceiling_plan *plan);

#endif
