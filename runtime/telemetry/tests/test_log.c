/* Log lines: one complete JSON object each, with the common fields. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "telemetry/log.h"
#include "json/json.h"

/* Standard error goes into a pipe from redirect() to logged(). */
static int ends[2], saved;
static char text[65536];

static void redirect(void)
{
	saved = dup(STDERR_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
}

static const char *logged(void)
{
	ssize_t size = 0, total = 0;

	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(ends[1]);
	(void)close(saved);
	while ((size = read(ends[0], text + total, sizeof text - 1 - (size_t)total)) > 0)
		total += size;
	(void)close(ends[0]);
	text[total] = '\0';
	return text;
}

static const struct json *parsed(struct arena *arena, const char *line)
{
	struct faults faults = {0};
	const struct json *json = NULL;

	assert_int_equal(json_parse(arena, span_of(line), &faults, &json), OK);
	return json;
}

static void is_text(const struct json *line, const char *name, const char *value)
{
	assert_non_null(json_member(line, name));
	assert_string_equal(json_text(json_member(line, name)), value);
}

static void a_line_has_what_every_line_has_and_its_pairs(void **state)
{
	(void)state;
	struct arena arena;
	const struct json *line = NULL;
	struct uuid id = {.bytes = {1, 2, 3}};
	struct buffer number;

	arena_init(&arena);
	log_thread("events-1");
	redirect();
	log_warn("broker.lost", kv_text("host", "a \"quoted\"\n\xff host"), kv_int("retry_ms", -5),
		 kv_uuid("order_id", id), kv_text("detail", NULL));
	line = parsed(&arena, logged());
	log_thread(NULL);
	assert_string_equal(text + strlen(text) - 1, "\n");
	is_text(line, "level", "warn");
	is_text(line, "program", "log_test");
	is_text(line, "thread", "events-1");
	is_text(line, "event", "broker.lost");
	is_text(line, "host", "a \"quoted\"\n\xef\xbf\xbd host");
	is_text(line, "order_id", "01020300-0000-0000-0000-000000000000");
	assert_int_equal(strlen(json_text(json_member(line, "time"))), 27);
	assert_null(json_text(json_member(line, "detail")));
	buffer_init(&number);
	json_print(&number, json_member(line, "retry_ms"));
	assert_string_equal(number.bytes, "-5");
	buffer_done(&number);
	arena_done(&arena);
}

static void a_line_without_pairs_or_thread_name_is_a_line(void **state)
{
	(void)state;
	struct arena arena;
	const struct json *line = NULL;

	arena_init(&arena);
	redirect();
	log_info("started");
	line = parsed(&arena, logged());
	is_text(line, "event", "started");
	assert_null(json_member(line, "thread"));
	arena_done(&arena);
}

static void a_line_below_the_level_is_not_written(void **state)
{
	(void)state;
	redirect();
	log_debug("quiet");
	log_level_set(LOG_ERROR);
	log_warn("quiet");
	log_level_set(LOG_DEBUG);
	log_debug("heard");
	(void)logged();
	log_level_set(LOG_INFO);
	assert_null(strstr(text, "quiet"));
	assert_non_null(strstr(text, "heard"));
}

static void levels_go_by_name_and_stay_within_bounds(void **state)
{
	(void)state;
	enum log_level level = LOG_ERROR;

	assert_int_equal(log_level_parse("debug", &level), OK);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_parse("loud", &level), E_INVALID);
	assert_int_equal(level, LOG_DEBUG);
	/* SIGUSR1 and SIGUSR2 step up and down without looking. */
	log_level_set((enum log_level)(LOG_ERROR + 1));
	assert_int_equal(log_level_get(), LOG_ERROR);
	log_level_set(LOG_INFO);
}

static void *write_lines(void *name)
{
	log_thread(name);
	for (int i = 0; i < 50; i++)
		log_info("test.line",
			 kv_text("padding", "............................................................"));
	return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
	(void)state;
	char names[4][16] = {"consumer-0", "consumer-1", "consumer-2", "consumer-3"};
	pthread_t threads[4];
	struct arena arena;
	int count = 0;

	redirect();
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	(void)logged();
	arena_init(&arena);
	for (char *rest = text, *line = NULL; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; count++)
		is_text(parsed(&arena, line), "event", "test.line");
	assert_int_equal(count, 200);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_what_every_line_has_and_its_pairs),
		cmocka_unit_test(a_line_without_pairs_or_thread_name_is_a_line),
		cmocka_unit_test(a_line_below_the_level_is_not_written),
		cmocka_unit_test(levels_go_by_name_and_stay_within_bounds),
		cmocka_unit_test(lines_of_several_threads_do_not_mix),
	};

	json_init();
	log_init("log_test", LOG_INFO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
