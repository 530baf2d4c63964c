/* Metrics: counting from many threads, and the text that Prometheus reads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "telemetry/metrics.h"

static struct metric batches = {.name = "test_batches_total", .help = "Batches.", .type = COUNTER};
static struct metric items = {.name = "test_items_total", .help = "Items.", .type = COUNTER, .label = "consumer"};
static struct metric waiting = {.name = "test_waiting", .help = "Waiting.", .type = GAUGE, .label = "queue"};
static struct metric batch_time = {
	.name = "test_batch_seconds", .help = "Time.", .type = HISTOGRAM, .label = "consumer"};
static struct metric batch_items = {.name = "test_batch_items", .help = "Sizes.", .type = HISTOGRAM};
static struct metric answers = {
	.name = "test_answers_total", .help = "Answers.", .type = COUNTER, .label = "route", .second = "code"};
static struct metric oldest = {.name = "test_oldest_seconds", .help = "Age.", .type = GAUGE};
static struct metric untouched = {.name = "test_untouched_total", .help = "Never.", .type = COUNTER};

static char page[65536];

static void print(void)
{
	struct buffer out;

	buffer_init(&out);
	metrics_print(&out);
	assert_true(out.size < sizeof page);
	memcpy(page, out.bytes, out.size + 1);
	buffer_done(&out);
}

static void shows(const char *lines)
{
	if (strstr(page, lines) == NULL)
		fail_msg("not shown: %s\nbut:\n%s", lines, page);
}

static void counts_and_gauges_are_shown_with_their_label(void **state)
{
	(void)state;
	metric_add(&batches, NULL, 2);
	metric_add(&batches, NULL, 3);
	metric_add(&items, "command", 1);
	metric_add(&items, "events", 10);
	metric_set(&waiting, "a \"b\"\\", 7);
	metric_add(&waiting, "a \"b\"\\", -9);
	assert_int_equal(metric_value(&batches, NULL), 5);
	assert_int_equal(metric_value(&items, "events"), 10);
	assert_int_equal(metric_value(&items, "query"), 0);
	print();
	shows("# HELP test_batches_total Batches.\n# TYPE test_batches_total counter\ntest_batches_total 5\n");
	shows("test_items_total{consumer=\"command\"} 1\ntest_items_total{consumer=\"events\"} 10\n");
	shows("# TYPE test_waiting gauge\ntest_waiting{queue=\"a \\\"b\\\"\\\\\"} -2\n");
}

static void a_metric_may_have_two_labels(void **state)
{
	(void)state;
	metric_add_pair(&answers, (struct labels){"GET /a", "503"}, 1);
	metric_add_pair(&answers, (struct labels){"GET /a", "200"}, 2);
	metric_add_pair(&answers, (struct labels){"GET /a", "200"}, 2);
	print();
	shows("test_answers_total{route=\"GET /a\",code=\"200\"} 4\ntest_answers_total{route=\"GET /a\",code=\"503\"} "
	      "1\n");
}

static void an_age_is_given_in_microseconds_and_shown_in_seconds(void **state)
{
	(void)state;
	metric_set(&oldest, NULL, 1250000);
	print();
	shows("test_oldest_seconds 1.25\n");
}

static void a_metric_that_was_never_updated_is_not_shown(void **state)
{
	(void)state;
	assert_int_equal(metric_value(&untouched, NULL), 0);
	print();
	assert_null(strstr(page, "test_untouched_total"));
}

static void durations_are_shown_in_seconds(void **state)
{
	(void)state;
	metric_observe(&batch_time, "events", 500);
	metric_observe(&batch_time, "events", 501);
	metric_observe(&batch_time, "events", 20000000);
	print();
	shows("# TYPE test_batch_seconds histogram\n");
	shows("test_batch_seconds_bucket{consumer=\"events\",le=\"0.0005\"} 1\n"
	      "test_batch_seconds_bucket{consumer=\"events\",le=\"0.001\"} 2\n");
	shows("test_batch_seconds_bucket{consumer=\"events\",le=\"10\"} 2\n"
	      "test_batch_seconds_bucket{consumer=\"events\",le=\"+Inf\"} 3\n"
	      "test_batch_seconds_sum{consumer=\"events\"} 20.001001\n"
	      "test_batch_seconds_count{consumer=\"events\"} 3\n");
}

static void counts_have_buckets_of_powers_of_two(void **state)
{
	(void)state;
	metric_observe(&batch_items, NULL, 1);
	metric_observe(&batch_items, NULL, 200);
	print();
	shows("test_batch_items_bucket{le=\"1\"} 1\n");
	shows("test_batch_items_bucket{le=\"128\"} 1\ntest_batch_items_bucket{le=\"256\"} 2\n");
	shows("test_batch_items_bucket{le=\"+Inf\"} 2\ntest_batch_items_sum 201\ntest_batch_items_count 2\n");
}

static void *count_up(void *metric)
{
	static const char *const labels[] = {"a", "b", "c", "d"};

	for (int i = 0; i < 4000; i++)
		metric_add(metric, labels[i % 4], 1);
	return NULL;
}

static void threads_lose_no_count(void **state)
{
	(void)state;
	static struct metric shared = {.name = "test_shared_total", .help = "Shared.", .type = COUNTER, .label = "by"};
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, &shared), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(metric_value(&shared, "a"), 4000);
	assert_int_equal(metric_value(&shared, "d"), 4000);
}

static void too_many_label_values_share_one(void **state)
{
	(void)state;
	static struct metric crowded = {
		.name = "test_crowded_total", .help = "Crowded.", .type = COUNTER, .label = "x"};
	static char labels[METRIC_SERIES + 10][2];

	for (size_t i = 0; i < METRIC_SERIES + 10; i++) {
		labels[i][0] = (char)(1 + i);
		metric_add(&crowded, labels[i], 1);
	}
	assert_int_equal(metric_value(&crowded, labels[0]), 1);
	assert_int_equal(metric_value(&crowded, "other"), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_gauges_are_shown_with_their_label),
		cmocka_unit_test(a_metric_may_have_two_labels),
		cmocka_unit_test(an_age_is_given_in_microseconds_and_shown_in_seconds),
		cmocka_unit_test(a_metric_that_was_never_updated_is_not_shown),
		cmocka_unit_test(durations_are_shown_in_seconds),
		cmocka_unit_test(counts_have_buckets_of_powers_of_two),
		cmocka_unit_test(threads_lose_no_count),
		cmocka_unit_test(too_many_label_values_share_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
