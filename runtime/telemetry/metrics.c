/* Metrics: atomic counters in hash tables, and their text. */
#include "telemetry/metrics.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "core/hash.h"

enum { BUCKETS_MAX = 20 };

/* One metric with one pair of label values. Each bucket of a histogram counts its own observations. Printing sums them.
 */
struct metric_series {
	struct labels labels;  /* copies */
	_Atomic int64_t value; /* of a histogram: the sum */
	_Atomic int64_t buckets[BUCKETS_MAX + 1];
};

struct scale {
	int count;
	int64_t bounds[BUCKETS_MAX];
};

/* Microseconds. The steps are finest around the targets of docs/performance.md: 7, 9, 15, 20 ms. */
static const struct scale durations = {18,
				       {500, 1000, 2000, 3000, 5000, 7000, 10000, 15000, 20000, 30000, 50000, 100000,
					200000, 500000, 1000000, 2000000, 5000000, 10000000}};
static const struct scale counts = {10, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}};

/* The metrics that were updated so far, newest first. None is ever removed. */
static struct metric *_Atomic registry;

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size > end_size && strcmp(text + size - end_size, end) == 0;
}

/* Its values are microseconds. */
static bool in_seconds(const struct metric *metric)
{
	return ends_with(metric->name, "_seconds") || ends_with(metric->name, "_seconds_total");
}

static void registered(struct metric *metric)
{
	struct metric *head = NULL;

	if (atomic_load_explicit(&metric->registered, memory_order_relaxed) != 0 ||
	    atomic_exchange(&metric->registered, 1) != 0)
		return;
	head = atomic_load(&registry);
	do
		atomic_store(&metric->next, head);
	while (!atomic_compare_exchange_weak(&registry, &head, metric));
}

/* ---- series, by their labels ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_labels(const struct labels *a, const struct labels *b)
{
	return same_text(a->first, b->first) && same_text(a->second, b->second);
}

static size_t place_of(const struct labels *labels)
{
	/* 0xff is in no UTF-8 text, so "ab" and "" are not "a" and "b". */
	const uint64_t hash = fnv_text(fnv_byte(fnv_text(FNV_START, labels->first), 0xff), labels->second);

	return (hash ^ hash >> 32) % METRIC_SLOTS;
}

/* Makes the series with copies of the labels, which may belong to a message. Two threads may both make one. The first
 * one stays. */
static struct metric_series *made_at(struct metric *metric, size_t place, const struct labels *labels)
{
	struct metric_series *present = NULL, *made = mem_new(1, sizeof *made);
	char *first = labels->first == NULL ? NULL : mem_text(labels->first);
	char *second = labels->second == NULL ? NULL : mem_text(labels->second);

	made->labels = (struct labels){first, second};
	if (atomic_compare_exchange_strong(&metric->series[place], &present, made)) {
		atomic_fetch_add(&metric->count, 1);
		return made;
	}
	free(first);
	free(second);
	free(made);
	return present;
}

static struct metric_series *found(struct metric *metric, const struct labels *labels, bool make)
{
	for (size_t place = place_of(labels);; place = (place + 1) % METRIC_SLOTS) {
		struct metric_series *series = atomic_load_explicit(&metric->series[place], memory_order_acquire);

		if (series == NULL && !make)
			return NULL;
		if (series == NULL)
			series = made_at(metric, place, labels);
		if (same_labels(&series->labels, labels))
			return series;
	}
}

/* Beyond METRIC_SERIES all further label values share one series. */
static struct metric_series *series_of(struct metric *metric, const struct labels *labels)
{
	static const struct labels other = {"other", NULL}, others = {"other", "other"};

	registered(metric);
	struct metric_series *series = found(metric, labels, atomic_load(&metric->count) < METRIC_SERIES);
	return series != NULL ? series : found(metric, labels->second != NULL ? &others : &other, true);
}

static void add(_Atomic int64_t *number, int64_t amount)
{
	atomic_fetch_add_explicit(number, amount, memory_order_relaxed);
}

void metric_add(struct metric *metric, const char *label, int64_t amount)
{
	add(&series_of(metric, &(struct labels){label, NULL})->value, amount);
}

void metric_add_pair(struct metric *metric, struct labels labels, int64_t amount)
{
	add(&series_of(metric, &labels)->value, amount);
}

void metric_set(struct metric *metric, const char *label, int64_t value)
{
	metric_set_pair(metric, (struct labels){label, NULL}, value);
}

void metric_set_pair(struct metric *metric, struct labels labels, int64_t value)
{
	atomic_store_explicit(&series_of(metric, &labels)->value, value, memory_order_relaxed);
}

void metric_observe(struct metric *metric, const char *label, int64_t value)
{
	const struct scale *scale = in_seconds(metric) ? &durations : &counts;
	struct metric_series *series = series_of(metric, &(struct labels){label, NULL});
	int bucket = 0;

	while (bucket < scale->count && value > scale->bounds[bucket])
		bucket++;
	add(&series->buckets[bucket], 1);
	add(&series->value, value);
}

int64_t metric_value(struct metric *metric, const char *label)
{
	struct metric_series *series = found(metric, &(struct labels){label, NULL}, false);

	return series == NULL ? 0 : atomic_load(&series->value);
}

/* ---- text format 0.0.4 (prometheus.io, "Exposition formats") ---- */

static void put_escaped(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buffer_text(out, "\\n");
		else if (*text == '\\' || *text == '"')
			buffer_format(out, "\\%c", *text);
		else
			buffer_add(out, text, 1);
	}
}

static void put_label(struct buffer *out, const char **before, const char *name, const char *value)
{
	if (name == NULL || value == NULL)
		return;
	buffer_format(out, "%s%s=\"", *before, name);
	put_escaped(out, value);
	buffer_text(out, "\"");
	*before = ",";
}

/* `name_suffix{label="value",le="bound"} `: the text before a number. */
static void put_series(struct buffer *out, const struct metric *metric, const struct metric_series *series,
		       const char *suffix, const char *bound)
{
	const char *before = "{";

	buffer_format(out, "%s%s", metric->name, suffix);
	put_label(out, &before, metric->label, series->labels.first);
	put_label(out, &before, metric->second, series->labels.second);
	put_label(out, &before, "le", bound);
	buffer_text(out, *before == ',' ? "} " : " ");
}

static void put_number(struct buffer *out, int64_t number, bool seconds)
{
	if (seconds)
		buffer_format(out, "%.15g", (double)number / 1e6);
	else
		buffer_format(out, "%lld", (long long)number);
}

static void put_histogram(struct buffer *out, const struct metric *metric, struct metric_series *series)
{
	bool seconds = in_seconds(metric);
	const struct scale *scale = seconds ? &durations : &counts;
	int64_t total = 0;
	struct buffer bound;

	buffer_init(&bound);
	for (int i = 0; i <= scale->count; i++) {
		buffer_clear(&bound);
		if (i < scale->count)
			put_number(&bound, scale->bounds[i], seconds);
		else
			buffer_text(&bound, "+Inf");
		total += atomic_load(&series->buckets[i]);
		put_series(out, metric, series, "_bucket", bound.bytes);
		buffer_format(out, "%lld\n", (long long)total);
	}
	buffer_done(&bound);
	put_series(out, metric, series, "_sum", NULL);
	put_number(out, atomic_load(&series->value), seconds);
	buffer_text(out, "\n");
	put_series(out, metric, series, "_count", NULL);
	buffer_format(out, "%lld\n", (long long)total);
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int compare_labels(const void *a, const void *b)
{
	const struct metric_series *const *first = a, *const *second = b;
	const int order = compare_texts((*first)->labels.first, (*second)->labels.first);

	return order != 0 ? order : compare_texts((*first)->labels.second, (*second)->labels.second);
}

static void put_value(struct buffer *out, const struct metric *metric, struct metric_series *series)
{
	if (metric->type == HISTOGRAM) {
		put_histogram(out, metric, series);
		return;
	}
	put_series(out, metric, series, "", NULL);
	put_number(out, atomic_load(&series->value), in_seconds(metric));
	buffer_text(out, "\n");
}

static void put_metric(struct buffer *out, struct metric *metric)
{
	static const char *const type_names[] = {"counter", "gauge", "histogram"};
	struct metric_series *sorted[METRIC_SLOTS];
	size_t count = 0;

	buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
		      type_names[metric->type]);
	for (size_t place = 0; place < METRIC_SLOTS; place++) {
		struct metric_series *series = atomic_load(&metric->series[place]);

		if (series != NULL)
			sorted[count++] = series;
	}
	qsort(sorted, count, sizeof *sorted, compare_labels);
	for (size_t i = 0; i < count; i++)
		put_value(out, metric, sorted[i]);
}

static int compare_names(const void *a, const void *b)
{
	struct metric *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

void metrics_print(struct buffer *out)
{
	struct metric *head = atomic_load(&registry), **sorted = NULL;
	size_t count = 0, i = 0;

	for (struct metric *metric = head; metric != NULL; metric = atomic_load(&metric->next))
		count++;
	sorted = mem_new(count, sizeof(struct metric *));
	for (struct metric *metric = head; metric != NULL; metric = atomic_load(&metric->next))
		sorted[i++] = metric;
	qsort(sorted, count, sizeof(struct metric *), compare_names);
	for (i = 0; i < count; i++)
		put_metric(out, sorted[i]);
	free(sorted);
}
