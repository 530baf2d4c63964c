/* A histogram of durations like HdrHistogram (http://hdrhistogram.org). Buckets grow with the value. The precision is 1
 * in 64 (1.6 %) from a microsecond to an hour, in a few kilobytes. */
#ifndef TESTS_BENCH_HISTOGRAM_H
#define TESTS_BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = HISTOGRAM_STEPS * 27 };

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t total;
	int64_t largest_us;
};

void histogram_add(struct histogram *histogram, int64_t us);
/* The value that `share` (0 to 1) of all do not exceed, in microseconds; 0 if there are none. */
double histogram_at(const struct histogram *histogram, double share);

#endif
