/* Counters, gauges and histograms, shown as Prometheus text on the admin port.
 *
 * A metric is a static object with at most one label. Updating takes no lock; a (metric, label value) pair is made on
 * first use and lives for ever, so label values must come from a table, never from input. */
#ifndef RT_METRICS_H
#define RT_METRICS_H

#include "memory.h"

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

enum { METRIC_SERIES = 64 };

struct metric {
	const char *name, *help; /* "comanda_turns_total" */
	enum metric_type type;
	const char *label; /* NULL: none */
	struct metric_series *_Atomic series[METRIC_SERIES];
	struct metric *_Atomic next;
	_Atomic int registered;
};

/* Adds to a counter or gauge. */
void metric_add(struct metric *metric, const char *label, int64_t amount);
void metric_set(struct metric *metric, const char *label, int64_t value);
/* A duration in microseconds, or a count where the name does not end in _seconds. */
void metric_observe(struct metric *metric, const char *label, int64_t value);
/* The present value of a counter or gauge; 0 where it has none. For tests. */
int64_t metric_value(struct metric *metric, const char *label);
/* Everything that was ever touched, in Prometheus text format 0.0.4. */
void metrics_print(struct buffer *out);

#endif
