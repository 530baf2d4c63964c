/* Each value below 64 has its own bucket. Above, each power of two has 64 buckets. */
#include "tests/bench/histogram.h"

static int bucket_of(uint64_t value)
{
	if (value < HISTOGRAM_STEPS)
		return (int)value;
	const int doublings = 63 - __builtin_clzll(value) - 6;
	const int bucket = (doublings + 1) * HISTOGRAM_STEPS + (int)((value >> doublings) - HISTOGRAM_STEPS);

	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static double middle_of(int bucket)
{
	if (bucket < HISTOGRAM_STEPS)
		return bucket;
	const int doublings = bucket / HISTOGRAM_STEPS - 1;
	const double step = (double)(UINT64_C(1) << doublings);

	return (HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS + 0.5) * step;
}

void histogram_add(struct histogram *histogram, int64_t us)
{
	histogram->counts[bucket_of(us < 0 ? 0 : (uint64_t)us)]++;
	histogram->total++;
	if (us > histogram->largest_us)
		histogram->largest_us = us;
}

double histogram_at(const struct histogram *histogram, double share)
{
	const double wanted = share * (double)histogram->total;
	uint64_t seen = 0;

	for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		seen += histogram->counts[bucket];
		if (seen > 0 && (double)seen >= wanted)
			return middle_of(bucket);
	}
	return 0;
}
