/* Settings of every type: one line per row of a table, "-" for none. Also URLs of brokers, databases and caches. Error
 * messages must not contain a secret. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "amqp/hosts.h"
#include "config/settings.h"
#include "config/url.h"
#include "telemetry/log.h"
#include "tests/fuzz/fuzz.h"
#include "json/json.h"

#define SECRET "correct-horse-battery"

struct sample {
	const char *text, *secret, *url, *from_file;
	int64_t number, duration, port;
	bool flag;
};

static const struct setting table[] = {
	{"FUZZ_TEXT", SET_TEXT, offsetof(struct sample, text), "", 0, 0, "a text"},
	{"FUZZ_NUMBER", SET_INT, offsetof(struct sample, number), "7", -5, 1000, "a number"},
	{"FUZZ_DURATION", SET_DURATION, offsetof(struct sample, duration), "1s", 0, HOUR_US, "a duration"},
	{"FUZZ_PORT", SET_PORT, offsetof(struct sample, port), "0", 0, 0, "a port"},
	{"FUZZ_FLAG", SET_BOOL, offsetof(struct sample, flag), "on", 0, 0, "a flag"},
	{"FUZZ_URL", SET_SECRET, offsetof(struct sample, url), NULL, 0, 0, "a URL"},
	{"FUZZ_SECRET", SET_SECRET, offsetof(struct sample, secret), NULL, 0, 0, "a secret"},
	{"FUZZ_KEY", SET_SECRET, offsetof(struct sample, from_file), "", 0, 0, "a secret from a file"},
	{.name = NULL},
};

static int file;

void target_begin(void)
{
	char path[40];

	json_init();
	log_level_set(LOG_ERROR);
	file = memfd_create("secret", MFD_CLOEXEC);
	must(file >= 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	must(setenv("FUZZ_KEY_FILE", path, 1) == 0);
}

static void write_secret(struct span text)
{
	must(ftruncate(file, 0) == 0);
	must(pwrite(file, text.bytes, text.size, 0) == (ssize_t)text.size);
}

static void give(const struct setting *setting, const char *text)
{
	if (strcmp(text, "-") == 0)
		must(unsetenv(setting->name) == 0);
	else
		must(setenv(setting->name, text, 1) == 0);
}

/* Sets each setting to its line. Secrets start with a word that the check searches for. */
static void give_lines(struct span text, struct arena *arena)
{
	for (const struct setting *setting = table; setting->name != NULL; setting++) {
		const char *end = text.size > 0 ? memchr(text.bytes, '\n', text.size) : NULL;
		const struct span line = {text.bytes, end != NULL ? (size_t)(end - text.bytes) : text.size};

		if (setting[1].name == NULL) {
			write_secret(text); /* the rest, with line feeds and zeroes */
			break;
		}
		const char *value = arena_copy(arena, line.bytes, line.size);
		if (strcmp(setting->name, "FUZZ_SECRET") == 0 && strcmp(value, "-") != 0)
			value = arena_format(arena, SECRET "%s", value);
		give(setting, value);
		text.bytes += line.size + (end != NULL);
		text.size -= line.size + (end != NULL);
	}
}

static void parse_urls(const char *text, struct arena *arena)
{
	struct broker_hosts hosts;
	struct url url;

	if (url_parse(text, arena, &url) == OK)
		must(url.user != NULL && url.password != NULL && url.host != NULL && url.path != NULL);
	if (broker_hosts_parse(text, arena, &hosts) == OK)
		must(hosts.count >= 1 && hosts.count <= BROKER_HOSTS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct sample sample = {0};
	char *said = NULL;
	size_t said_size = 0;
	struct arena arena;

	FILE *complaints = open_memstream(&said, &said_size);
	must(complaints != NULL);
	arena_init(&arena);
	/* A secret that also occurs elsewhere may appear there. */
	const bool once = size == 0 || memmem(bytes, size, "correct", 7) == NULL;
	give_lines((struct span){arena_copy(&arena, (const char *)bytes, size), size}, &arena);
	const enum status status = settings_read(table, &sample, complaints);
	(void)fclose(complaints);
	must(status == OK ? said_size == 0 : said_size > 0);
	must(!once || strstr(said, SECRET) == NULL);
	if (status == OK) {
		for (const struct setting *setting = table; setting->name != NULL; setting++)
			(void)setting_text(&arena, setting, &sample);
		must(sample.port >= 0 && sample.port <= 65535);
		must(sample.number >= -5 && sample.number <= 1000);
		parse_urls(sample.url, &arena);
		parse_urls(sample.text, &arena);
	}
	settings_forget();
	free(said);
	arena_done(&arena);
	return 0;
}
