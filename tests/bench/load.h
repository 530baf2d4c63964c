/* A load: a number of connections for a time. Closed loop: each connection sends its next request after the answer.
 * Open loop: requests are due at a fixed rate, independent of answers. */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stdbool.h>

#include "tests/bench/histogram.h"
#include "tests/bench/requests.h"

struct load_plan {
	struct sockaddr_in *address, *from; /* of the server; of the clients */
	const struct scenario *scenario;
	int connections;
	double rate;               /* requests per second; 0: closed loop */
	int64_t warm_us, count_us; /* warm-up, then measurement */
	uint64_t requests;         /* number of requests; 0: limited by time only */
	bool patient;              /* clients follow Retry-After */
};

struct load_result {
	struct histogram latencies;
	uint64_t done, unexpected, lost; /* answers during the measurement; with another status; broken connections */
	uint64_t refused;                /* with 429 or 503; also counted as unexpected */
	uint64_t missed;                 /* open loop: due but not answered at the end */
	int status_of_unexpected;        /* of the last one */
	double seconds;
};

void load_run(const struct load_plan *plan, struct stock *stock, struct load_result *ret_result);

#endif
