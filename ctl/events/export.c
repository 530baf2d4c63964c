/* comanda events export: events as a file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/events/export_file.h"
#include "ctl/lib/event_filter.h"

struct export_options {
	struct event_filter filter;
	const char *file;
	bool json;
};

static void say_done(const char *file, int64_t events, bool json)
{
	struct json_line line;

	if (!json) {
		fprintf(stderr, "%lld events written to %s\n", (long long)events, file);
		return;
	}
	json_line_open(&line);
	json_line_int(&line, "events", events);
	json_line_text(&line, "file", file);
	json_line_print(&line);
}

static void write_event(FILE *file, const struct logged *event)
{
	struct buffer text;

	buffer_init(&text);
	json_print(&text, event->json);
	fprintf(file, "{\"offset\":%lld,\"event\":%s}\n", (long long)event->offset, text.bytes);
	buffer_done(&text);
}

static bool write_events(FILE *file, struct eventlog *log, const struct event_filter *filter, int64_t *ret_count)
{
	char now[TIMESTAMP_TEXT + 1];
	struct logged event;
	enum log_step step = LOG_END;

	timestamp_text(timestamp_now(), now);
	fprintf(file, "{\"" EXPORT_MARK "\":1,\"time\":\"%s\"}\n", now);
	while ((filter->limit == 0 || *ret_count < filter->limit) && (step = eventlog_next(log, &event)) == LOG_EVENT)
		if (filter_passes(filter, &event)) {
			write_event(file, &event);
			++*ret_count;
		}
	return step != LOG_FAILED && fflush(file) == 0 && !ferror(file);
}

static int export_to(FILE *file, const struct export_options *options)
{
	struct eventlog *log;
	int64_t count = 0;

	if (!eventlog_open(&(struct log_range){.from = options->filter.from, .until = options->filter.until}, &log))
		return EXIT_COULD_NOT;
	const bool fine = write_events(file, log, &options->filter, &count);
	eventlog_free(log);
	if (ferror(file))
		complain("%s: %s", options->file, strerror(errno));
	if (fine && file != stdout)
		say_done(options->file, count, options->json);
	return fine ? EXIT_DONE : EXIT_COULD_NOT;
}

/* Written beside it first: a file of that name is whole, or what it was. */
static int export_file(const struct export_options *options)
{
	struct arena arena;

	arena_init(&arena);
	const char *beside = arena_format(&arena, "%s.part", options->file);
	FILE *file = fopen(beside, "we");
	int code = EXIT_COULD_NOT;
	if (file == NULL)
		complain("%s: %s", beside, strerror(errno));
	else
		code = export_to(file, options);
	if (file != NULL && fclose(file) != 0)
		code = EXIT_COULD_NOT;
	if (file != NULL && code != EXIT_DONE)
		unlink(beside);
	else if (file != NULL && rename(beside, options->file) != 0) {
		complain("%s: %s", options->file, strerror(errno));
		code = EXIT_COULD_NOT;
	}
	arena_done(&arena);
	return code;
}

static int run_export(const struct command *command, int argc, char **argv)
{
	struct export_options options = {.file = NULL};

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	return strcmp(options.file, "-") == 0 ? export_to(stdout, &options) : export_file(&options);
}

static const struct option export_table[] = {
	{"FILE", OPTION_TEXT, offsetof(struct export_options, file), NULL, "where to; - is standard output"},
	FILTER_OPTIONS(struct export_options),
	{"--limit", OPTION_COUNT, offsetof(struct export_options, filter.limit), "N", "no more than so many"},
	JSON_OPTION(struct export_options),
	{.name = NULL},
};

const struct command cmd_events_export = {
	.name = "events export",
	.meaning = "events to a file of JSON lines",
	.options = export_table,
	.run = run_export,
	.examples = "comanda events export october.jsonl --from 2026-10-01T00:00:00Z --until 2026-11-01T00:00:00Z\n"
		    "comanda events export - --order 01a2010f-0847-78db-883b-5a6e21181252\n",
	.notes = PLACE_NOTES,
};
