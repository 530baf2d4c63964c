/* Traces: what W3C Trace Context allows, a queue that drops rather than grows, and OTLP as a collector reads it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/memory.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"
#include "telemetry/trace.h"
#include "json/json.h"

static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

static void reads_only_a_valid_traceparent(void **state)
{
	static const char *const others[] = {"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
					     "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
					     "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
					     "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
					     "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
					     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
					     "",
					     NULL};
	struct trace trace;

	(void)state;
	assert_true(trace_parse(parent, &trace));
	assert_true(trace.sampled);
	assert_true(trace_parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", &trace));
	assert_false(trace.sampled);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(trace_parse(others[i], &trace));
}

static void a_traceparent_is_written_as_it_was_read(void **state)
{
	char text[TRACEPARENT_TEXT + 1], id[TRACE_ID_TEXT + 1];
	struct trace trace;

	(void)state;
	assert_true(trace_parse(parent, &trace));
	trace_text(&trace, text);
	assert_string_equal(text, parent);
	assert_string_equal(trace_id_of(parent, id), "4bf92f3577b34da6a3ce929d0e0e4736");
	assert_null(trace_id_of("nonsense", id));
}

static void a_child_is_another_span_of_the_same_trace(void **state)
{
	struct trace trace;

	(void)state;
	assert_true(trace_parse(parent, &trace));
	const struct trace child = trace_child(&trace), other = trace_child(&trace), root = trace_root(NULL);
	assert_memory_equal(child.id, trace.id, sizeof(trace.id));
	assert_memory_not_equal(child.span, trace.span, sizeof(trace.span));
	assert_memory_not_equal(child.span, other.span, sizeof(trace.span));
	assert_memory_not_equal(root.id, trace.id, sizeof(trace.id));
	assert_true(root.sampled);
}

static void queue_one(const char *name)
{
	struct trace_span span;

	span_begin(&span, SPAN_INTERNAL, name, NULL);
	span.links = mem_new(1, sizeof(*span.links));
	span.link_count = 1;
	span_end(&span);
}

static size_t drain(void)
{
	struct trace_span span;
	size_t count = 0;

	for (; span_take(&span, 1) == 1; count++)
		free(span.links);
	return count;
}

static void *queue_many(void *nothing)
{
	(void)nothing;
	for (int i = 0; i < 3000; i++)
		queue_one("many");
	return NULL;
}

static void a_full_queue_drops_spans_of_any_thread(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, queue_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(drain(), 4096);
	queue_one("again");
	assert_int_equal(drain(), 1);
}

static void a_span_is_written_as_otlp_json(void **state)
{
	struct faults faults = {0};
	const struct json *json = NULL;
	struct arena arena;
	struct buffer text;
	struct trace_span span;
	struct trace from;

	(void)state;
	assert_true(trace_parse(parent, &from));
	span_begin(&span, SPAN_CLIENT, "say \"it\"", &from);
	span_attribute(&span, "a", "b");
	span_attribute(&span, "nothing", NULL);
	span_count(&span, "c", 3);
	span.start_us = 1700000000000001;
	span.end_us = span.start_us + 5;
	span.error = "timeout";
	span.links = &from;
	span.link_count = 1;
	arena_init(&arena);
	buffer_init(&text);
	otlp_write(&text, "svc-test", &span, 1);
	assert_int_equal(json_parse(&arena, (struct span){text.bytes, text.size}, &faults, &json), OK);
	assert_non_null(strstr(text.bytes, "\"service.name\",\"value\":{\"stringValue\":\"svc-test\"}"));
	assert_non_null(strstr(text.bytes, "\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\""));
	assert_non_null(strstr(text.bytes,
			       "\"parentSpanId\":\"00f067aa0ba902b7\",\"name\":\"say \\\"it\\\"\",\"kind\":3,"
			       "\"startTimeUnixNano\":\"1700000000000001000\","
			       "\"endTimeUnixNano\":\"1700000000000006000\""));
	assert_non_null(strstr(text.bytes, "{\"key\":\"a\",\"value\":{\"stringValue\":\"b\"}},"
					   "{\"key\":\"c\",\"value\":{\"intValue\":\"3\"}}"));
	assert_null(strstr(text.bytes, "nothing"));
	assert_non_null(strstr(text.bytes, "\"links\":[{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
					   "\"spanId\":\"00f067aa0ba902b7\"}]"));
	assert_non_null(strstr(text.bytes, "\"status\":{\"code\":2}"));
	buffer_done(&text);
	arena_done(&arena);
}

static void a_collector_is_an_http_url(void **state)
{
	(void)state;
	assert_true(otlp_url_is_valid(""));
	assert_true(otlp_url_is_valid("http://127.0.0.1:4318"));
	assert_true(otlp_url_is_valid("http://collector/otlp"));
	assert_false(otlp_url_is_valid("https://collector:4318"));
	assert_false(otlp_url_is_valid("127.0.0.1:4318"));
	assert_false(otlp_url_is_valid("http://:4318"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_only_a_valid_traceparent),
		cmocka_unit_test(a_traceparent_is_written_as_it_was_read),
		cmocka_unit_test(a_child_is_another_span_of_the_same_trace),
		cmocka_unit_test(a_full_queue_drops_spans_of_any_thread),
		cmocka_unit_test(a_span_is_written_as_otlp_json),
		cmocka_unit_test(a_collector_is_an_http_url),
	};

	json_init();
	tracing_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
