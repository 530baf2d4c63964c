/* A load: so many connections, for so long, closed loop (each sends its next request when it has its answer) or open
 * loop (requests fall due at a fixed rate, whether answers have come or not). */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stdbool.h>

#include "tests/bench/histogram.h"
#include "tests/bench/requests.h"

struct load_plan {
	struct sockaddr_in *address, *from; /* of the server; of the clients */
	const struct scenario *scenario;
	int connections;
	double rate;               /* requests a second; 0: closed loop */
	int64_t warm_us, count_us; /* before counting begins, and counting */
	uint64_t requests;         /* ends after so many; 0: only by time */
	bool patient;              /* a client that is told to come back later does so */
};

struct load_result {
	struct histogram latencies;
	uint64_t done, unexpected, lost; /* answers while counting; of another status; connections that broke */
	uint64_t refused;                /* with 429 or 503; counted as unexpected, too */
	uint64_t missed;                 /* open loop: fell due and were not answered by the end */
	int status_of_unexpected;        /* of the last one */
	double seconds;
};

void load_run(const struct load_plan *plan, struct stock *stock, struct load_result *ret_result);

#endif
