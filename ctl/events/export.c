/* comanda events export: writes events to a file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/events/export_file.h"
#include "ctl/lib/event_filter.h"

struct export_options {
	struct event_filter filter;
	const char *file;
	bool json;
};

static void print_done(const char *file, int64_t events, bool json)
{
	struct json_object object;

	if (!json) {
		fprintf(stderr, "%lld events written to %s\n", (long long)events, file);
		return;
	}
	json_object_open(&object);
	json_object_int(&object, "events", events);
	json_object_text(&object, "file", file);
	json_object_print(&object);
}

static void write_event(FILE *file, const struct log_event *event)
{
	struct buffer text;

	buffer_init(&text);
	json_print(&text, event->json);
	fprintf(file, "{\"offset\":%lld,\"event\":%s}\n", (long long)event->offset, text.bytes);
	buffer_done(&text);
}

static bool write_events(FILE *file, struct event_log *log, const struct event_filter *filter, int64_t *ret_count)
{
	char now[TIMESTAMP_TEXT + 1];
	struct log_event event;
	enum log_step step = LOG_END;

	timestamp_text(timestamp_now(), now);
	fprintf(file, "{\"" EXPORT_MARK "\":1,\"time\":\"%s\"}\n", now);
	while ((filter->limit == 0 || *ret_count < filter->limit) && (step = event_log_next(log, &event)) == LOG_EVENT)
		if (filter_passes(filter, &event)) {
			write_event(file, &event);
			++*ret_count;
		}
	return step != LOG_FAILED && fflush(file) == 0 && !ferror(file);
}

static int export_to(FILE *file, const struct export_options *options)
{
	struct event_log *log;
	int64_t count = 0;

	if (!event_log_open(&(struct log_range){.from = options->filter.from, .until = options->filter.until}, &log))
		return EXIT_FAILED;
	const bool fine = write_events(file, log, &options->filter, &count);
	event_log_free(log);
	if (ferror(file))
		print_error("%s: %s", options->file, strerror(errno));
	if (fine && file != stdout)
		print_done(options->file, count, options->json);
	return fine ? EXIT_DONE : EXIT_FAILED;
}

/* Writes FILE.part and renames it, so that FILE is never incomplete. */
static int export_file(const struct export_options *options)
{
	struct arena arena;

	arena_init(&arena);
	const char *part = arena_format(&arena, "%s.part", options->file);
	FILE *file = fopen(part, "we");
	int code = EXIT_FAILED;
	if (file == NULL)
		print_error("%s: %s", part, strerror(errno));
	else
		code = export_to(file, options);
	if (file != NULL && fclose(file) != 0)
		code = EXIT_FAILED;
	if (file != NULL && code != EXIT_DONE)
		unlink(part);
	else if (file != NULL && rename(part, options->file) != 0) {
		print_error("%s: %s", options->file, strerror(errno));
		code = EXIT_FAILED;
	}
	arena_done(&arena);
	return code;
}

static int run_export(const struct command *command, int argc, char **argv)
{
	struct export_options options = {.file = NULL};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	return strcmp(options.file, "-") == 0 ? export_to(stdout, &options) : export_file(&options);
}

static const struct option export_table[] = {
	OPTION("FILE", option_text, struct export_options, file, NULL, "the file to write; - is standard output"),
	FILTER_OPTIONS(struct export_options),
	OPTION("--limit", option_limit, struct export_options, filter.limit, "N", "at most so many"),
	JSON_OPTION(struct export_options),
	END_OF_OPTIONS,
};

const struct command cmd_events_export = {
	.name = "events export",
	.meaning = "events to a file of JSON lines",
	.options = export_table,
	.run = run_export,
	.examples = "comanda events export october.jsonl --from 2026-10-01T00:00:00Z --until 2026-11-01T00:00:00Z\n"
		    "comanda events export - --order 01a2010f-0847-78db-883b-5a6e21181252\n",
	.notes = POSITION_NOTES,
};
