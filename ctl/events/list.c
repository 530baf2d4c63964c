/* comanda events list, comanda events tail: one line an event. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/lib/event_filter.h"
#include "ctl/lib/event_line.h"

struct list_options {
	struct event_filter filter;
	bool json;
};

static int print_events(struct eventlog *log, const struct list_options *options)
{
	struct logged event;
	enum log_step step;
	int64_t printed = 0;

	if (!options->json)
		event_line_heading();
	while ((step = eventlog_next(log, &event)) == LOG_EVENT) {
		if (!filter_passes(&options->filter, &event))
			continue;
		if (options->json)
			event_json_line(&event);
		else
			event_line(&event);
		if (++printed == options->filter.limit)
			break;
	}
	return step == LOG_FAILED ? EXIT_COULD_NOT : EXIT_DONE;
}

static int run(const struct list_options *options, bool follow)
{
	struct eventlog *log;
	const struct log_range range = {.from = options->filter.from, .until = options->filter.until, .follow = follow};

	interrupts_watch();
	if (!eventlog_open(&range, &log))
		return EXIT_COULD_NOT;
	const int code = print_events(log, options);
	eventlog_free(log);
	return code;
}

static int run_list(const struct command *command, int argc, char **argv)
{
	struct list_options options = {0};

	return command_read(command, argc, argv, &options) ? run(&options, false) : EXIT_COULD_NOT;
}

static int run_tail(const struct command *command, int argc, char **argv)
{
	struct list_options options = {.filter.from.kind = PLACE_NEXT};

	return command_read(command, argc, argv, &options) ? run(&options, true) : EXIT_COULD_NOT;
}

static const struct option list_table[] = {
	FILTER_OPTIONS(struct list_options),
	{"--limit", OPTION_COUNT, offsetof(struct list_options, filter.limit), "N", "no more than so many"},
	JSON_OPTION(struct list_options),
	{.name = NULL},
};

const struct command cmd_events_list = {
	.name = "events list",
	.meaning = "what has happened, from events.log",
	.options = list_table,
	.run = run_list,
	.examples = "comanda events list --type order.confirmed --limit 5\n"
		    "comanda events list --from 15m --order 01a2010f-0847-78db-883b-5a6e21181252\n",
	.notes = PLACE_NOTES,
};

static const struct option tail_table[] = {
	{"--from", OPTION_LOG_POSITION, offsetof(struct list_options, filter.from), "PLACE",
	 "begin there, not with the next"},
	WHICH_OPTIONS(struct list_options),
	{"--limit", OPTION_COUNT, offsetof(struct list_options, filter.limit), "N", "end after so many"},
	JSON_OPTION(struct list_options),
	{.name = NULL},
};

const struct command cmd_events_tail = {
	.name = "events tail",
	.meaning = "the same as it happens, until Ctrl-C",
	.options = tail_table,
	.run = run_tail,
	.examples = "comanda events tail\n"
		    "comanda events tail --type order. --from 5m\n",
	.notes = PLACE_NOTES,
};
