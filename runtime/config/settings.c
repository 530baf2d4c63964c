/* Settings from the environment: reading them by table, --help, and their texts for the log. */
#include "config/settings.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config/renamed.h"
#include "core/timestamp.h"

/* The texts of settings. They live as long as the program. Written at the start, by one thread. */
static struct arena texts;

enum { SECRET_BYTES_MAX = 64 * 1024 };

/* One setting that is being read. */
struct given {
	const struct setting *setting;
	const char *text; /* the value as text */
	FILE *complaints;
};

/* Writes one line; returns E_INVALID. */
static enum status complain(const struct given *given, const char *what)
{
	bool secret = given->setting->type == SET_SECRET;

	(void)fprintf(given->complaints, "%s: %s%s%s%s (%s)\n", given->setting->name, secret ? "" : "\"",
		      secret ? "its value" : given->text, secret ? " " : "\" ", what, given->setting->meaning);
	return E_INVALID;
}

/* ---- values ---- */

/* A whole number and the text after it. False: there is no number, or it does not fit. */
static bool leading_number(const char *text, int64_t *ret_number, const char **ret_rest)
{
	char *end = NULL;
	long long number = 0;

	if (!((*text >= '0' && *text <= '9') || (*text == '-' && text[1] >= '0' && text[1] <= '9')))
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	*ret_number = number;
	*ret_rest = end;
	return errno == 0;
}

static bool parse_bool(const char *text, bool *ret_value)
{
	static const char *const yes[] = {"on", "true", "1"}, *const no[] = {"off", "false", "0"};

	for (int i = 0; i < 3; i++)
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*ret_value = strcmp(text, yes[i]) == 0;
			return true;
		}
	return false;
}

static char *bounds_text(struct arena *arena, const struct setting *setting)
{
	if (setting->min == 0 && setting->max == 0)
		return arena_text(arena, "");
	if (setting->type == SET_DURATION)
		return arena_format(arena, "%s to %s", duration_text(arena, setting->min),
				    duration_text(arena, setting->max));
	if (setting->type == SET_INT)
		return arena_format(arena, "%lld to %lld", (long long)setting->min, (long long)setting->max);
	return arena_text(arena, "");
}

static enum status complain_bounds(const struct given *given)
{
	struct arena arena;
	enum status status = OK;

	arena_init(&arena);
	status =
		complain(given, arena_format(&arena, "is out of bounds; give %s", bounds_text(&arena, given->setting)));
	arena_done(&arena);
	return status;
}

static bool within(const struct setting *setting, int64_t number)
{
	return (setting->min == 0 && setting->max == 0) || (number >= setting->min && number <= setting->max);
}

static enum status store_int(const struct given *given, int64_t *ret_number)
{
	int64_t number = 0;
	const char *rest = NULL;

	if (!leading_number(given->text, &number, &rest) || *rest != '\0')
		return complain(given, "is not a whole number");
	if (!within(given->setting, number))
		return complain_bounds(given);
	*ret_number = number;
	return OK;
}

static enum status store_duration(const struct given *given, int64_t *ret_us)
{
	int64_t us = 0;

	if (duration_parse(given->text, &us) != OK)
		return complain(given, "is not a duration; give a number with ms, s, m, h or d, such as 250ms or 10m");
	if (!within(given->setting, us))
		return complain_bounds(given);
	*ret_us = us;
	return OK;
}

/* 0 (any free port) is allowed if it is the default. */
static enum status store_port(const struct given *given, int64_t *ret_port)
{
	const char *fallback = given->setting->fallback, *rest = NULL;
	int64_t port = 0, least = fallback != NULL && strcmp(fallback, "0") == 0 ? 0 : 1;

	if (!leading_number(given->text, &port, &rest) || *rest != '\0' || port < least || port > 65535)
		return complain(given, least == 0 ? "is not a port; give 1 to 65535, or 0 for any free one"
						  : "is not a port; give 1 to 65535");
	*ret_port = port;
	return OK;
}

static enum status store(const struct given *given, void *place)
{
	switch (given->setting->type) {
	case SET_TEXT:
	case SET_SECRET:
		*(const char **)place = arena_text(&texts, given->text);
		return OK;
	case SET_INT:
		return store_int(given, place);
	case SET_DURATION:
		return store_duration(given, place);
	case SET_PORT:
		return store_port(given, place);
	case SET_BOOL:
		return parse_bool(given->text, place) ? OK : complain(given, "is neither on nor off");
	}
	return E_INTERNAL;
}

/* ---- where values come from ---- */

static enum status file_fault(const struct given *given, const char *path, const char *what)
{
	(void)fprintf(given->complaints, "%s_FILE: %s: %s (%s)\n", given->setting->name, path, what,
		      given->setting->meaning);
	return E_INVALID;
}

/* Reads a secret from a file, without the newline at its end. */
static enum status read_secret(const struct given *given, const char *path, struct arena *arena, const char **ret_text)
{
	char *bytes = arena_new(arena, SECRET_BYTES_MAX + 1, 1);
	FILE *file = fopen(path, "re");
	size_t size = 0;
	bool failed = false;

	if (file == NULL)
		return file_fault(given, path, strerror(errno));
	size = fread(bytes, 1, SECRET_BYTES_MAX + 1, file);
	failed = ferror(file) != 0;
	(void)fclose(file);
	if (failed)
		return file_fault(given, path, "cannot be read");
	if (size > SECRET_BYTES_MAX)
		return file_fault(given, path, "is larger than 64 KiB");
	if (memchr(bytes, '\0', size) != NULL)
		return file_fault(given, path, "contains a NUL; give a text");
	while (size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
		size--;
	bytes[size] = '\0';
	*ret_text = bytes;
	return OK;
}

/* The value's text: from the environment, from a secret's file, or the default. */
static enum status find_text(struct given *given, struct arena *arena)
{
	const struct setting *setting = given->setting;
	const char *value = getenv(setting->name);
	const char *path = setting->type == SET_SECRET ? getenv(arena_format(arena, "%s_FILE", setting->name)) : NULL;
	bool text = setting->type == SET_TEXT || setting->type == SET_SECRET;

	/* Compose files leave a variable out by setting it to "". For a text, "" is a value. */
	if (value != NULL && *value == '\0' && (!text || setting->fallback == NULL || path != NULL))
		value = NULL;
	if (value != NULL && path != NULL)
		return file_fault(given, path, "the setting is given twice; unset it, or unset the name of its file");
	given->text = value != NULL ? value : setting->fallback;
	if (path != NULL)
		return read_secret(given, path, arena, &given->text);
	if (given->text != NULL)
		return OK;
	(void)fprintf(given->complaints, "%s: is not set, and has no default; set it%s (%s)\n", setting->name,
		      setting->type == SET_SECRET ? ", or the same name with _FILE to a file that holds it" : "",
		      setting->meaning);
	return E_INVALID;
}

static bool is_given(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0';
}

static const char *renamed_from(const struct setting *setting)
{
	for (const struct renamed_setting *renamed = renamed_settings; renamed->old_name != NULL; renamed++)
		if (strcmp(renamed->new_name, setting->name) == 0)
			return renamed->old_name;
	return NULL;
}

static enum status refuse_old_name(const struct setting *setting, const char *old_name, const char *suffix,
				   FILE *complaints)
{
	(void)fprintf(complaints, "%s%s: has a new name: %s%s; give it under that name and unset the old one (%s)\n",
		      old_name, suffix, setting->name, suffix, setting->meaning);
	return E_INVALID;
}

/* E_INVALID if the environment has the setting under its old name. */
static enum status check_old_name(const struct setting *setting, struct arena *arena, FILE *complaints)
{
	const char *old_name = renamed_from(setting);
	enum status status = OK;

	if (old_name == NULL)
		return OK;
	if (is_given(old_name))
		status = refuse_old_name(setting, old_name, "", complaints);
	if (setting->type == SET_SECRET && is_given(arena_format(arena, "%s_FILE", old_name)))
		status = refuse_old_name(setting, old_name, "_FILE", complaints);
	return status;
}

enum status settings_read(const struct setting *table, void *ret_settings, FILE *complaints)
{
	enum status whole = OK;
	struct arena arena;

	arena_init(&arena);
	for (const struct setting *setting = table; setting->name != NULL; setting++) {
		struct given given = {.setting = setting, .complaints = complaints};

		if (check_old_name(setting, &arena, complaints) != OK)
			whole = E_INVALID;
		if (find_text(&given, &arena) != OK || store(&given, (char *)ret_settings + setting->offset) != OK)
			whole = E_INVALID;
	}
	arena_done(&arena);
	return whole;
}

void settings_forget(void)
{
	arena_done(&texts);
}

/* ---- showing ---- */

static int by_name(const void *a, const void *b)
{
	const struct setting *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* Sorted by name: a table has common rows and rows of the program. */
static const struct setting **sorted(const struct setting *table, struct arena *arena, size_t *ret_count)
{
	size_t count = 0;

	while (table[count].name != NULL)
		count++;
	const struct setting **settings = arena_new(arena, count + 1, sizeof(struct setting *));
	for (size_t i = 0; i < count; i++)
		settings[i] = &table[i];
	qsort(settings, count, sizeof(struct setting *), by_name);
	*ret_count = count;
	return settings;
}

static void help_line(const struct setting *setting, struct arena *arena, FILE *out)
{
	static const char *const types[] = {"text", "secret", "number", "on|off", "duration", "port"};
	const char *bounds = bounds_text(arena, setting);

	(void)fprintf(out, "  %s  (%s%s%s; ", setting->name, types[setting->type], *bounds != '\0' ? ", " : "", bounds);
	if (setting->fallback == NULL)
		(void)fprintf(out, "required)\n");
	else
		(void)fprintf(out, "default %s)\n", *setting->fallback != '\0' ? setting->fallback : "empty");
	(void)fprintf(out, "      %s%s\n", setting->meaning,
		      setting->type == SET_SECRET ? "; or the same name with _FILE: a file that holds it" : "");
}

void settings_help(const struct setting *table, FILE *out)
{
	struct arena arena;
	size_t count;

	arena_init(&arena);
	(void)fprintf(out, "Settings, from the environment:\n");
	const struct setting **settings = sorted(table, &arena, &count);
	for (size_t i = 0; i < count; i++)
		help_line(settings[i], &arena, out);
	arena_done(&arena);
}

/* "amqp://user:password@host" without the password; NULL: the URL has none. A password may contain "@", "/" or ":"
 * unescaped, so the text from the first colon to the last "@" is masked. */
static const char *url_masked(struct arena *arena, const char *text)
{
	const char *authority = strstr(text, "://"), *at = strrchr(text, '@'), *colon = NULL;

	if (authority == NULL || at == NULL || at < authority)
		return NULL;
	colon = memchr(authority + 3, ':', (size_t)(at - authority - 3));
	if (colon == NULL)
		return NULL;
	return arena_format(arena, "%.*s:***%s", (int)(colon - text), text, at);
}

const char *setting_text(struct arena *arena, const struct setting *setting, const void *settings)
{
	const void *place = (const char *)settings + setting->offset;
	const char *text = NULL, *masked = NULL;

	switch (setting->type) {
	case SET_TEXT:
	case SET_SECRET:
		text = *(const char *const *)place;
		masked = text != NULL ? url_masked(arena, text) : NULL;
		if (masked != NULL)
			return masked;
		return setting->type == SET_SECRET && text != NULL && *text != '\0' ? "***" : text;
	case SET_DURATION:
		return duration_text(arena, *(const int64_t *)place);
	case SET_BOOL:
		return *(const bool *)place ? "on" : "off";
	case SET_INT:
	case SET_PORT:
		return arena_format(arena, "%lld", (long long)*(const int64_t *)place);
	}
	return NULL;
}
