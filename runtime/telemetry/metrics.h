/* Counters, gauges and histograms, shown as Prometheus text on the admin port. docs/reference/metrics.md lists them
 * all.
 *
 * A metric is a static object with at most two labels. Updating takes no lock; a (metric, label values) pair is made on
 * first use and is never freed. Label values therefore come from a table, never from input. */
#ifndef TELEMETRY_METRICS_H
#define TELEMETRY_METRICS_H

#include "core/memory.h"

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

enum {
	METRIC_SERIES = 160, /* label values beyond this number share the value "other" */
	METRIC_SLOTS = 256   /* slots of the hash table: more, because threads may pass the limit at the same time */
};

struct labels {
	const char *first, *second; /* NULL: none */
};

struct metric {
	const char *name, *help; /* "comanda_transactions_total" */
	enum metric_type type;
	const char *label, *second; /* the labels' names; NULL: none */
	struct metric_series *_Atomic series[METRIC_SLOTS];
	struct metric *_Atomic next;
	_Atomic int registered, count;
};

/* The values of a metric whose name ends in _seconds or _seconds_total are given in microseconds. */

/* Adds to a counter or gauge. */
void metric_add(struct metric *metric, const char *label, int64_t amount);
void metric_add_pair(struct metric *metric, struct labels labels, int64_t amount);
void metric_set(struct metric *metric, const char *label, int64_t value);
void metric_set_pair(struct metric *metric, struct labels labels, int64_t value);
/* Adds one observation to a histogram: a duration or a count. */
void metric_observe(struct metric *metric, const char *label, int64_t value);
/* The present value of a counter or gauge, 0 without one. For tests. */
int64_t metric_value(struct metric *metric, const char *label);
/* Every series that was ever updated, in Prometheus text format 0.0.4. */
void metrics_print(struct buffer *out);

#endif
