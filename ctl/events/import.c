/* comanda events import: a file of events into a log. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/events/export_file.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/event_log.h"
#include "ctl/lib/requeue.h"
#include "json/value.h"

struct import_options {
	const char *file;
	bool append, json;
};

struct import {
	struct arena arena;
	struct handed *messages;
	size_t count, room;
};

static bool add_line(struct import *import, struct span line)
{
	struct faults faults = {0};
	const struct json *json;
	struct logged event;
	struct arena arena;
	bool fine = false;

	arena_init(&arena);
	if (json_parse(&arena, line, &faults, &json) == OK && json_type(json) == JSON_OBJECT &&
	    json_member(json, "event") != NULL && logged_read(json_member(json, "event"), &event)) {
		struct buffer text;

		buffer_init(&text);
		json_print(&text, event.json);
		if (import->count == import->room) {
			import->room = import->room == 0 ? 256 : import->room * 2;
			import->messages = mem_grow(import->messages, import->room * sizeof(*import->messages));
		}
		import->messages[import->count++] =
			(struct handed){.queue = LOG_QUEUE,
					.type = arena_text(&import->arena, event.type),
					.id = event.id,
					.correlation = event.subject,
					.body = {
						arena_copy(&import->arena, text.bytes, text.size),
						text.size
					}};
		buffer_done(&text);
		fine = true;
	}
	arena_done(&arena);
	return fine;
}

static bool is_mark(const char *line, size_t size)
{
	const char mark[] = "{\"" EXPORT_MARK "\":1,";

	return size > strlen(mark) && strncmp(line, mark, strlen(mark)) == 0;
}

/* All of it is read before any of it is sent: a file that is cut off changes nothing. */
static bool read_file(struct import *import, FILE *file, const char *name)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int64_t lines = 0;
	bool fine = true;

	for (int64_t number = 1; fine && (size = getline(&line, &room, file)) >= 0; number++) {
		if (number == 1 && !is_mark(line, (size_t)size)) {
			complain("%s is no export: comanda events export makes them", name);
			fine = false;
		} else if (number > 1 &&
			   (line[size - 1] != '\n' || !add_line(import, (struct span){line, (size_t)size - 1}))) {
			complain("%s, line %lld: is no event; the file is cut off or was changed", name,
				 (long long)number);
			fine = false;
		}
		lines = number;
	}
	if (fine && lines == 0) {
		complain("%s is empty, and so no export", name);
		fine = false;
	}
	free(line);
	return fine;
}

/* An event that is imported twice would stand there twice. */
static bool check_log(bool append)
{
	struct eventlog *log;

	if (!eventlog_open(&(struct log_range){.quiet = true}, &log))
		return false;
	const int64_t last = eventlog_last(log);
	eventlog_free(log);
	if (last < 0 || append)
		return true;
	complain("%s of this broker holds %lld messages already: --append adds to them", LOG_QUEUE,
		 (long long)last + 1);
	return false;
}

static void say_done(const struct import_options *options, int64_t events)
{
	struct json_line line;

	if (!options->json) {
		fprintf(stderr, "%lld events imported from %s\n", (long long)events, options->file);
		return;
	}
	json_line_open(&line);
	json_line_int(&line, "events", events);
	json_line_text(&line, "file", options->file);
	json_line_print(&line);
}

static int import_file(const struct import_options *options, FILE *file)
{
	struct import import = {.count = 0};
	struct broker *broker = NULL;

	arena_init(&import.arena);
	bool fine = read_file(&import, file, options->file) && check_log(options->append);
	if (fine) {
		broker = connect_broker("import", true);
		fine = broker != NULL && requeue(broker, import.messages, import.count, "importing");
	}
	if (fine)
		say_done(options, (int64_t)import.count);
	if (broker != NULL)
		broker_close(broker);
	broker_free(broker);
	free(import.messages);
	arena_done(&import.arena);
	return fine ? EXIT_DONE : EXIT_COULD_NOT;
}

static int run_import(const struct command *command, int argc, char **argv)
{
	struct import_options options = {.file = NULL};

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	FILE *file = fopen(options.file, "re");
	if (file == NULL) {
		complain("%s: %s", options.file, strerror(errno));
		return EXIT_COULD_NOT;
	}
	const int code = import_file(&options, file);
	fclose(file);
	return code;
}

static const struct option import_table[] = {
	{"FILE", OPTION_TEXT, offsetof(struct import_options, file), NULL, "what events export made"},
	{"--append", OPTION_FLAG, offsetof(struct import_options, append), NULL, "also to a log that is not empty"},
	JSON_OPTION(struct import_options),
	{.name = NULL},
};

const struct command cmd_events_import = {
	.name = "events import",
	.meaning = "such a file into the log of another stack, for looking at and for a sandbox",
	.options = import_table,
	.run = run_import,
	.examples = "comanda events import october.jsonl\n",
	.notes = "Into the log alone: no service hears of it. The account needs to write to the\n"
		 "default exchange, as that of comanda does.\n",
};
