/* A log line is made in memory and written with one write(2), so that lines of several threads never mix. */
#include "telemetry/log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "core/timestamp.h"
#include "json/json.h"

static const char *const level_names[] = {"debug", "info", "warn", "error"};
enum { LEVELS = sizeof level_names / sizeof level_names[0] };

/* Set once, for the whole process. */
static const char *_Atomic program_name = "comanda";
static _Atomic int least_level = LOG_INFO;
static _Thread_local const char *thread_name;

void log_init(const char *program, enum log_level least)
{
	program_name = program;
	log_level_set(least);
}

enum status log_level_parse(const char *text, enum log_level *ret_level)
{
	for (int i = 0; i < LEVELS; i++)
		if (strcmp(level_names[i], text) == 0) {
			*ret_level = (enum log_level)i;
			return OK;
		}
	return E_INVALID;
}

void log_level_set(enum log_level least)
{
	int level = (int)least;

	least_level = level < LOG_DEBUG ? LOG_DEBUG : level > LOG_ERROR ? LOG_ERROR : level;
}

enum log_level log_level_get(void)
{
	return (enum log_level)least_level;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

void log_thread(const char *name)
{
	thread_name = name;
}

/* A log that cannot be written must not stop the program. The line is dropped. */
static void write_whole(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		bytes += written;
		size -= (size_t)written;
	}
}

static void put_text(struct buffer *line, const char *name, const char *text)
{
	buffer_format(line, ",\"%s\":", name);
	if (text != NULL)
		json_quote(line, text);
	else
		buffer_text(line, "null");
}

static void put_pair(struct buffer *line, const struct kv *pair)
{
	char id[UUID_TEXT + 1];

	switch (pair->type) {
	case KV_TEXT:
		put_text(line, pair->name, pair->text);
		break;
	case KV_INT:
		buffer_format(line, ",\"%s\":%lld", pair->name, (long long)pair->number);
		break;
	case KV_UUID:
		uuid_text(&pair->id, id);
		put_text(line, pair->name, id);
		break;
	case KV_END:
		break;
	}
}

void log_line(enum log_level level, const char *event, const struct kv *pairs)
{
	char time[TIMESTAMP_TEXT + 1];
	struct buffer line;

	if ((int)level < least_level)
		return;
	buffer_init(&line);
	timestamp_text(timestamp_now(), time);
	buffer_format(&line, "{\"time\":\"%s\",\"level\":\"%s\"", time, level_names[level]);
	put_text(&line, "program", program_name);
	if (thread_name != NULL)
		put_text(&line, "thread", thread_name);
	put_text(&line, "event", event);
	for (const struct kv *pair = pairs; pair->type != KV_END; pair++)
		put_pair(&line, pair);
	buffer_text(&line, "}\n");
	write_whole(line.bytes, line.size);
	buffer_done(&line);
}
