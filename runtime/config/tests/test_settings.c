/* Settings: values, faults, secrets, help; and URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/settings.h"
#include "config/url.h"
#include "core/timestamp.h"
#include "json/json.h"

struct sample {
	const char *cache_url, *key, *name;
	bool verbose;
	int64_t consumers, port, wait_us;
};

static const struct setting table[] = {
	{"TEST_CACHE_URL", SET_TEXT, offsetof(struct sample, cache_url), "redis://localhost", 0, 0,
	 "where the cache is"},
	{"TEST_KEY", SET_SECRET, offsetof(struct sample, key), NULL, 0, 0, "the signing key"},
	{"TEST_CONSUMERS", SET_INT, offsetof(struct sample, consumers), "1", 1, 16, "consumers that read"},
	{"TEST_VERBOSE", SET_BOOL, offsetof(struct sample, verbose), "off", 0, 0, "whether it is verbose"},
	{"TEST_NAME", SET_TEXT, offsetof(struct sample, name), NULL, 0, 0, "what it is called"},
	{"TEST_PORT", SET_PORT, offsetof(struct sample, port), "0", 0, 0, "where it listens"},
	{"TEST_WAIT", SET_DURATION, offsetof(struct sample, wait_us), "4s", 100 * MS_US, MINUTE_US, "longest wait"},
	{NULL, SET_TEXT, 0, NULL, 0, 0, NULL},
};

/* The values live as long as the program, as settings do. */
static struct sample sample;
static char *complaints;
static size_t complaints_size;

static enum status read_settings(void)
{
	FILE *out = NULL;
	enum status status = OK;

	free(complaints);
	complaints = NULL;
	out = open_memstream(&complaints, &complaints_size);
	assert_non_null(out);
	status = settings_read(table, &sample, out);
	(void)fclose(out);
	return status;
}

static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

static int clean(void **state)
{
	(void)state;
	for (const struct setting *setting = table; setting->name != NULL; setting++)
		(void)unsetenv(setting->name);
	(void)unsetenv("TEST_KEY_FILE");
	set("TEST_KEY", "s3cret");
	set("TEST_NAME", "ann");
	return 0;
}

static void says(const char *line)
{
	if (strstr(complaints, line) == NULL)
		fail_msg("not said: %s\nbut: %s", line, complaints);
}

static int lines(const char *text)
{
	int count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void a_setting_that_is_not_set_has_its_default(void **state)
{
	(void)state;
	assert_int_equal(read_settings(), OK);
	assert_string_equal(sample.cache_url, "redis://localhost");
	assert_string_equal(sample.key, "s3cret");
	assert_string_equal(sample.name, "ann");
	assert_int_equal(sample.consumers, 1);
	assert_false(sample.verbose);
	assert_int_equal(sample.port, 0);
	assert_int_equal(sample.wait_us, 4 * SECOND_US);
	assert_string_equal(complaints, "");
}

static void a_setting_that_is_set_has_that_value(void **state)
{
	(void)state;
	set("TEST_CACHE_URL", "");
	set("TEST_CONSUMERS", "16");
	set("TEST_VERBOSE", "on");
	set("TEST_PORT", "8080");
	set("TEST_WAIT", "250ms");
	assert_int_equal(read_settings(), OK);
	assert_string_equal(sample.cache_url, "");
	assert_int_equal(sample.consumers, 16);
	assert_true(sample.verbose);
	assert_int_equal(sample.port, 8080);
	assert_int_equal(sample.wait_us, 250 * MS_US);
}

static void an_empty_variable_counts_as_not_set(void **state)
{
	(void)state;
	set("TEST_CONSUMERS", "");
	set("TEST_WAIT", "");
	assert_int_equal(read_settings(), OK);
	assert_int_equal(sample.consumers, 1);
	set("TEST_NAME", "");
	assert_int_equal(read_settings(), E_INVALID);
	says("TEST_NAME: is not set");
}

static void all_faults_are_reported_at_once(void **state)
{
	(void)state;
	(void)unsetenv("TEST_KEY");
	(void)unsetenv("TEST_NAME");
	set("TEST_CONSUMERS", "17");
	set("TEST_VERBOSE", "maybe");
	set("TEST_PORT", "65536");
	set("TEST_WAIT", "10ms");
	assert_int_equal(read_settings(), E_INVALID);
	assert_int_equal(lines(complaints), 6);
	says("TEST_KEY: is not set, and has no default; set it, or the same name with _FILE to a file that holds it "
	     "(the "
	     "signing key)\n");
	says("TEST_NAME: is not set, and has no default; set it (what it is called)\n");
	says("TEST_CONSUMERS: \"17\" is out of bounds; give 1 to 16 (consumers that read)\n");
	says("TEST_VERBOSE: \"maybe\" is neither on nor off (whether it is verbose)\n");
	says("TEST_PORT: \"65536\" is not a port; give 1 to 65535, or 0 for any free one (where it listens)\n");
	says("TEST_WAIT: \"10ms\" is out of bounds; give 100ms to 1m (longest wait)\n");
}

static void refuses_malformed_numbers_and_durations(void **state)
{
	(void)state;
	static const char *const numbers[] = {"x", "1x", "1.5", " 1", "0x1", "+1", "99999999999999999999"};
	static const char *const durations[] = {"5", "s", "1.5s", "5 s", "5us", "-1s", "9223372036854775807d"};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		set("TEST_CONSUMERS", numbers[i]);
		assert_int_equal(read_settings(), E_INVALID);
		says("TEST_CONSUMERS: ");
	}
	set("TEST_CONSUMERS", "2");
	for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
		set("TEST_WAIT", durations[i]);
		assert_int_equal(read_settings(), E_INVALID);
		says("TEST_WAIT: ");
	}
}

/* The name of a new file that holds `text`. */
static const char *file_with(const char *text, size_t size)
{
	static char name[] = "settings_test_XXXXXX";
	int fd = -1;

	memcpy(name + sizeof name - 7, "XXXXXX", 7);
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	(void)close(fd);
	return name;
}

static void a_secret_may_come_from_a_file(void **state)
{
	(void)state;
	const char *name = file_with("from a file\r\n", 13);

	(void)unsetenv("TEST_KEY");
	set("TEST_KEY_FILE", name);
	assert_int_equal(read_settings(), OK);
	assert_string_equal(sample.key, "from a file");

	set("TEST_KEY", "too");
	assert_int_equal(read_settings(), E_INVALID);
	says("TEST_KEY_FILE: ");
	says("given twice");
	(void)unlink(name);
}

static void a_secret_file_that_cannot_be_read_is_reported_by_name(void **state)
{
	(void)state;
	const char *name = NULL;

	(void)unsetenv("TEST_KEY");
	set("TEST_KEY_FILE", "/nowhere/key");
	assert_int_equal(read_settings(), E_INVALID);
	says("TEST_KEY_FILE: /nowhere/key: No such file or directory (the signing key)\n");

	name = file_with("a\0b", 3);
	set("TEST_KEY_FILE", name);
	assert_int_equal(read_settings(), E_INVALID);
	says("contains a NUL");
	(void)unlink(name);
}

/* Every setting as it is logged: NAME=VALUE, a line each. */
static const char *shown(void)
{
	static char text[4096];
	struct arena arena;
	size_t size = 0;

	arena_init(&arena);
	for (const struct setting *setting = table; setting->name != NULL; setting++) {
		const char *value = setting_text(&arena, setting, &sample);
		const int more =
			snprintf(text + size, sizeof text - size, "%s=%s\n", setting->name, value != NULL ? value : "");

		assert_true(more > 0 && size + (size_t)more < sizeof text);
		size += (size_t)more;
	}
	arena_done(&arena);
	return text;
}

static void secrets_are_never_shown(void **state)
{
	(void)state;
	const char *text = NULL;

	set("TEST_CACHE_URL", "redis://ann:p@ss:w/rd@cache:6379/0");
	assert_int_equal(read_settings(), OK);
	text = shown();
	assert_null(strstr(text, "s3cret"));
	assert_null(strstr(text, "p@ss"));
	assert_null(strstr(text, "w/rd"));
	assert_non_null(strstr(text, "TEST_KEY=***\n"));
	assert_non_null(strstr(text, "TEST_CACHE_URL=redis://ann:***@cache:6379/0\n"));
	assert_non_null(strstr(text, "TEST_WAIT=4s\n"));
	assert_non_null(strstr(text, "TEST_VERBOSE=off\n"));
}

static void a_url_that_is_a_secret_shows_its_host(void **state)
{
	(void)state;
	set("TEST_KEY", "amqp://svc:s3cret@broker:5672/");
	assert_int_equal(read_settings(), OK);
	assert_non_null(strstr(shown(), "TEST_KEY=amqp://svc:***@broker:5672/\n"));
}

static void a_complaint_does_not_show_a_secret(void **state)
{
	(void)state;
	set("TEST_NAME", "");
	assert_int_equal(read_settings(), E_INVALID);
	assert_null(strstr(complaints, "s3cret"));
}

static void help_shows_the_whole_table(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	settings_help(table, out);
	(void)fclose(out);
	assert_non_null(strstr(text, "TEST_WAIT  (duration, 100ms to 1m; default 4s)\n      longest wait\n"));
	assert_non_null(strstr(text, "TEST_KEY  (secret; required)\n"));
	free(text);
}

/* ---- URLs ---- */

struct known_url {
	const char *text;
	struct url url;
};

static void splits_urls(void **state)
{
	(void)state;
	static const struct known_url known[] = {
		{"amqp://svc:pw@broker:5672/comanda", {"amqp", "svc", "pw", "broker", "comanda", 5672}},
		{"amqp://broker", {"amqp", "", "", "broker", "", 0}},
		{"amqp://broker/%2F", {"amqp", "", "", "broker", "/", 0}},
		{"redis://:p%40ss%3Aw%2frd@[::1]:6379/0", {"redis", "", "p@ss:w/rd", "::1", "0", 6379}},
		{"redis://[fe80::1]", {"redis", "", "", "fe80::1", "", 0}},
		{"postgresql://ann@db/orders", {"postgresql", "ann", "", "db", "orders", 0}},
		{"amqp://u:p@a:1,b:2/v", {"amqp", "u", "p", "a:1,b:2", "v", 0}},
	};
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct url url;

		assert_int_equal(url_parse(known[i].text, &arena, &url), OK);
		assert_string_equal(url.scheme, known[i].url.scheme);
		assert_string_equal(url.user, known[i].url.user);
		assert_string_equal(url.password, known[i].url.password);
		assert_string_equal(url.host, known[i].url.host);
		assert_string_equal(url.path, known[i].url.path);
		assert_int_equal(url.port, known[i].url.port);
	}
	arena_done(&arena);
}

static void refuses_malformed_urls(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"broker:5672",
		"://broker",
		"am qp://broker",
		"amqp://broker:0/",
		"amqp://broker:65536",
		"amqp://broker:",
		"amqp://broker:56a",
		"amqp://[::1",
		"amqp://[::1]x",
		"amqp://u:p%4@broker",
		"amqp://u:p%zz@broker",
		"amqp://u:p%00@broker",
		"amqp://u:p@ss@broker",
		"amqp://broker/v?heartbeat=1",
		"amqp://broker/v#x",
	};
	struct arena arena;
	struct url url = {.port = 42};

	arena_init(&arena);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (url_parse(bad[i], &arena, &url) != E_MALFORMED)
			fail_msg("took %s", bad[i]);
		assert_int_equal(url.port, 42);
	}
	arena_done(&arena);
}

struct renamed_values {
	const char *key;
	int64_t pending, timeout_us;
};

static enum status read_renamed(const struct setting *settings)
{
	struct renamed_values values;
	enum status status;
	FILE *out;

	free(complaints);
	complaints = NULL;
	out = open_memstream(&complaints, &complaints_size);
	assert_non_null(out);
	status = settings_read(settings, &values, out);
	(void)fclose(out);
	return status;
}

static void a_setting_under_its_old_name_is_refused_with_the_new_name(void **state)
{
	static const struct setting settings[] = {
		SETTING("COMANDA_MAX_PENDING", SET_INT, struct renamed_values, pending, "10", 1, 100,
			"how many may be pending"),
		SETTING("COMANDA_STATEMENT_TIMEOUT", SET_DURATION, struct renamed_values, timeout_us, "4s", 0, 0,
			"how long"),
		SETTING("COMANDA_TOKEN_KEY_SECONDARY", SET_SECRET, struct renamed_values, key, "", 0, 0,
			"the other key"),
		{0},
	};
	static const char *const old_names[] = {"COMANDA_OPEN_MAX", "COMANDA_TOKEN_KEY_OTHER",
						"COMANDA_TOKEN_KEY_OTHER_FILE"};

	(void)state;
	for (size_t i = 0; i < sizeof(old_names) / sizeof(*old_names); i++)
		set(old_names[i], "s3cret");
	set("COMANDA_STATEMENT_TIMEOUT", "never");
	assert_int_equal(read_renamed(settings), E_INVALID);
	says("COMANDA_OPEN_MAX: has a new name: COMANDA_MAX_PENDING; give it under that name and unset the old "
	     "one (how "
	     "many may be pending)\n");
	says("COMANDA_TOKEN_KEY_OTHER: has a new name: COMANDA_TOKEN_KEY_SECONDARY; ");
	says("COMANDA_TOKEN_KEY_OTHER_FILE: has a new name: COMANDA_TOKEN_KEY_SECONDARY_FILE; ");
	says("COMANDA_STATEMENT_TIMEOUT: \"never\" is not a duration");
	assert_int_equal(lines(complaints), 4);
	assert_null(strstr(complaints, "s3cret"));

	for (size_t i = 0; i < sizeof(old_names) / sizeof(*old_names); i++)
		set(old_names[i], "");
	set("COMANDA_STATEMENT_TIMEOUT", "1s");
	assert_int_equal(read_renamed(settings), OK);
	(void)unsetenv("COMANDA_STATEMENT_TIMEOUT");
}

static void an_old_name_of_another_program_is_no_fault(void **state)
{
	static const struct setting settings[] = {{0}};

	(void)state;
	set("COMANDA_OPEN_MAX", "7");
	assert_int_equal(read_renamed(settings), OK);
	assert_int_equal(read_settings(), OK);
	(void)unsetenv("COMANDA_OPEN_MAX");
}

int main(void)
{
#define clear(test) cmocka_unit_test_setup(test, clean)
	const struct CMUnitTest tests[] = {
		clear(a_setting_that_is_not_set_has_its_default),
		clear(a_setting_that_is_set_has_that_value),
		clear(an_empty_variable_counts_as_not_set),
		clear(all_faults_are_reported_at_once),
		clear(refuses_malformed_numbers_and_durations),
		clear(a_secret_may_come_from_a_file),
		clear(a_secret_file_that_cannot_be_read_is_reported_by_name),
		clear(secrets_are_never_shown),
		clear(a_url_that_is_a_secret_shows_its_host),
		clear(a_complaint_does_not_show_a_secret),
		clear(help_shows_the_whole_table),
		clear(splits_urls),
		clear(refuses_malformed_urls),
		clear(a_setting_under_its_old_name_is_refused_with_the_new_name),
		clear(an_old_name_of_another_program_is_no_fault),
	};
	int failed = 0;

	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(complaints);
	return failed;
}
