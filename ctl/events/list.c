/* comanda events list: one line per event. */
#include "ctl/cli/commands.h"
#include "ctl/events/print.h"

struct list_options {
	struct event_filter filter;
	bool json;
};

static int run(const struct command *command, int argc, char **argv)
{
	struct list_options options = {0};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	return events_print(&options.filter, false, options.json);
}

static const struct option table[] = {
	FILTER_OPTIONS(struct list_options),
	OPTION("--limit", option_limit, struct list_options, filter.limit, "N", "at most so many"),
	JSON_OPTION(struct list_options),
	END_OF_OPTIONS,
};

const struct command cmd_events_list = {
	.name = "events list",
	.meaning = "what has happened, from events.log",
	.options = table,
	.run = run,
	.examples = "comanda events list --type order.confirmed --limit 5\n"
		    "comanda events list --from 15m --order 01a2010f-0847-78db-883b-5a6e21181252\n",
	.notes = POSITION_NOTES,
};
