/* Metrics: atomics that are added to, and one page of text. */
#include "metrics.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum { BUCKETS_MAX = 20 };

/* One (metric, label value). A histogram's buckets count what fell into each alone; they are summed when printed. */
struct metric_series {
	char *label;           /* ours */
	_Atomic int64_t value; /* of a histogram: the sum */
	_Atomic int64_t buckets[BUCKETS_MAX + 1];
};

struct scale {
	int count;
	int64_t bounds[BUCKETS_MAX];
};

/* Microseconds; finest where our own aims are (docs/performance.md): 7, 9, 15, 20 ms. */
static const struct scale durations = {18,
				       {500, 1000, 2000, 3000, 5000, 7000, 10000, 15000, 20000, 30000, 50000, 100000,
					200000, 500000, 1000000, 2000000, 5000000, 10000000}};
static const struct scale counts = {10, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}};

/* What was touched so far, newest first; nothing is ever taken out. */
static struct metric *_Atomic registry;

static bool in_seconds(const struct metric *metric)
{
	static const char suffix[] = "_seconds";
	size_t size = strlen(metric->name), suffix_size = sizeof suffix - 1;

	return size > suffix_size && strcmp(metric->name + size - suffix_size, suffix) == 0;
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

static bool same_label(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The series at `index`, made where there is none yet, with a label of its own: the caller's may be a message's, which
 * ends with it. Two threads may both make one: the first stays. */
static struct metric_series *series_at(struct metric *metric, int index, const char *label)
{
	struct metric_series *series = atomic_load(&metric->series[index]), *made = NULL;
	char *own_label = NULL;

	if (series != NULL)
		return series;
	made = mem_new(1, sizeof *made);
	own_label = label == NULL ? NULL : mem_text(label);
	made->label = own_label;
	if (atomic_compare_exchange_strong(&metric->series[index], &series, made))
		return made;
	free(own_label);
	free(made);
	return series;
}

static struct metric_series *series_of(struct metric *metric, const char *label)
{
	registered(metric);
	for (int i = 0; i < METRIC_SERIES - 1; i++) {
		struct metric_series *series = series_at(metric, i, label);

		if (same_label(series->label, label))
			return series;
	}
	/* More values than a table should have share the last one. */
	return series_at(metric, METRIC_SERIES - 1, "other");
}

static void add(_Atomic int64_t *number, int64_t amount)
{
	atomic_fetch_add_explicit(number, amount, memory_order_relaxed);
}

void metric_add(struct metric *metric, const char *label, int64_t amount)
{
	add(&series_of(metric, label)->value, amount);
}

void metric_set(struct metric *metric, const char *label, int64_t value)
{
	atomic_store_explicit(&series_of(metric, label)->value, value, memory_order_relaxed);
}

void metric_observe(struct metric *metric, const char *label, int64_t value)
{
	const struct scale *scale = in_seconds(metric) ? &durations : &counts;
	struct metric_series *series = series_of(metric, label);
	int bucket = 0;

	while (bucket < scale->count && value > scale->bounds[bucket])
		bucket++;
	add(&series->buckets[bucket], 1);
	add(&series->value, value);
}

int64_t metric_value(struct metric *metric, const char *label)
{
	for (int i = 0; i < METRIC_SERIES; i++) {
		struct metric_series *series = atomic_load(&metric->series[i]);

		if (series == NULL)
			break;
		if (same_label(series->label, label))
			return atomic_load(&series->value);
	}
	return 0;
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

/* `name_suffix{label="value",le="bound"} `: what stands before a number. */
static void put_series(struct buffer *out, const struct metric *metric, const struct metric_series *series,
		       const char *suffix, const char *bound)
{
	bool labelled = metric->label != NULL && series->label != NULL;

	buffer_format(out, "%s%s", metric->name, suffix);
	if (labelled) {
		buffer_format(out, "{%s=\"", metric->label);
		put_escaped(out, series->label);
		buffer_text(out, "\"");
	}
	if (bound != NULL)
		buffer_format(out, "%sle=\"%s\"", labelled ? "," : "{", bound);
	buffer_text(out, labelled || bound != NULL ? "} " : " ");
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

static void put_metric(struct buffer *out, struct metric *metric)
{
	static const char *const type_names[] = {"counter", "gauge", "histogram"};

	buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
		      type_names[metric->type]);
	for (int i = 0; i < METRIC_SERIES; i++) {
		struct metric_series *series = atomic_load(&metric->series[i]);

		if (series == NULL)
			break;
		if (metric->type == HISTOGRAM) {
			put_histogram(out, metric, series);
			continue;
		}
		put_series(out, metric, series, "", NULL);
		buffer_format(out, "%lld\n", (long long)atomic_load(&series->value));
	}
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
