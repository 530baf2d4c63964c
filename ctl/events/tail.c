/* comanda events tail: one line per event as it happens. */
#include "ctl/cli/commands.h"
#include "ctl/events/print.h"

struct tail_options {
	struct event_filter filter;
	bool json;
};

static int run(const struct command *command, int argc, char **argv)
{
	struct tail_options options = {.filter.from.kind = POSITION_NEXT};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	return events_print(&options.filter, true, options.json);
}

static const struct option table[] = {
	OPTION("--from", option_log_position, struct tail_options, filter.from, "POSITION",
	       "begin there, not with the next event"),
	WHICH_OPTIONS(struct tail_options),
	OPTION("--limit", option_limit, struct tail_options, filter.limit, "N", "end after so many"),
	JSON_OPTION(struct tail_options),
	END_OF_OPTIONS,
};

const struct command cmd_events_tail = {
	.name = "events tail",
	.meaning = "events as they happen, until Ctrl-C",
	.options = table,
	.run = run,
	.examples = "comanda events tail\n"
		    "comanda events tail --type order. --from 5m\n",
	.notes = POSITION_NOTES,
};
