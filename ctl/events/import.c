/* comanda events import: adds the events of an export to the log. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
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
	struct requeue_message *messages;
	size_t count, room;
};

static bool add_line(struct import *import, struct span line)
{
	struct faults faults = {0};
	const struct json *json;
	struct log_event event;
	struct arena arena;
	bool fine = false;

	arena_init(&arena);
	if (json_parse(&arena, line, &faults, &json) == OK && json_type(json) == JSON_OBJECT &&
	    json_member(json, "event") != NULL && log_event_read(json_member(json, "event"), &event)) {
		struct buffer text;

		buffer_init(&text);
		json_print(&text, event.json);
		if (import->count == import->room) {
			import->room = import->room == 0 ? 256 : import->room * 2;
			import->messages = mem_grow(import->messages, import->room * sizeof(*import->messages));
		}
		import->messages[import->count++] =
			(struct requeue_message){.queue = LOG_QUEUE,
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

/* Reads the whole file before anything is sent: a file that is cut off changes nothing. */
static bool read_file(struct import *import, FILE *file, const char *name)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int64_t lines = 0;
	bool fine = true;

	for (int64_t number = 1; fine && (size = getline(&line, &room, file)) >= 0; number++) {
		if (number == 1 && !is_mark(line, (size_t)size)) {
			print_error("%s is no export: comanda events export makes them", name);
			fine = false;
		} else if (number > 1 &&
			   (line[size - 1] != '\n' || !add_line(import, (struct span){line, (size_t)size - 1}))) {
			print_error("%s, line %lld: is no event; the file is cut off or was changed", name,
				    (long long)number);
			fine = false;
		}
		lines = number;
	}
	if (fine && lines == 0) {
		print_error("%s is empty, and so no export", name);
		fine = false;
	}
	free(line);
	return fine;
}

/* The log must be empty, unless --append was given: an event that is imported again would be in the log twice. */
static bool check_log(bool append)
{
	struct event_log *log;

	if (!event_log_open(&(struct log_range){.quiet = true}, &log))
		return false;
	const int64_t last = event_log_last(log);
	event_log_free(log);
	if (last < 0 || append)
		return true;
	print_error("%s of this broker holds %lld messages already: --append adds to them", LOG_QUEUE,
		    (long long)last + 1);
	return false;
}

static void print_done(const struct import_options *options, int64_t events)
{
	struct json_object object;

	if (!options->json) {
		fprintf(stderr, "%lld events imported from %s\n", (long long)events, options->file);
		return;
	}
	json_object_open(&object);
	json_object_int(&object, "events", events);
	json_object_text(&object, "file", options->file);
	json_object_print(&object);
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
		print_done(options, (int64_t)import.count);
	if (broker != NULL)
		broker_close(broker);
	broker_free(broker);
	free(import.messages);
	arena_done(&import.arena);
	return fine ? EXIT_DONE : EXIT_FAILED;
}

static int run_import(const struct command *command, int argc, char **argv)
{
	struct import_options options = {.file = NULL};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	FILE *file = fopen(options.file, "re");
	if (file == NULL) {
		print_error("%s: %s", options.file, strerror(errno));
		return EXIT_FAILED;
	}
	const int code = import_file(&options, file);
	fclose(file);
	return code;
}

static const struct option import_table[] = {
	OPTION("FILE", option_text, struct import_options, file, NULL, "a file that events export wrote"),
	OPTION("--append", option_flag, struct import_options, append, NULL, "also to a log that is not empty"),
	JSON_OPTION(struct import_options),
	END_OF_OPTIONS,
};

const struct command cmd_events_import = {
	.name = "events import",
	.meaning = "adds an exported file to the log of another stack, to read it or for a sandbox",
	.options = import_table,
	.run = run_import,
	.examples = "comanda events import october.jsonl\n",
	.notes = "Only the log gets the events: no service processes them. The account needs the\n"
		 "right to write to the default exchange, as that of comanda has.\n",
};
