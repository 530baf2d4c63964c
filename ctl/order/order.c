/* comanda order: the timeline of one order across all services. */
#include "ctl/cli/commands.h"
#include "ctl/order/timeline_print.h"

struct order_options {
	struct uuid id;
	bool json;
};

static int run(const struct command *command, int argc, char **argv)
{
	struct order_options options = {.json = false};
	struct order_timeline timeline;

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	const bool fine = timeline_read(&timeline, &options.id);
	if (fine && options.json)
		timeline_json(&timeline);
	else if (fine)
		timeline_draw(&timeline);
	timeline_done(&timeline);
	return fine ? EXIT_DONE : EXIT_FAILED;
}

static const struct option table[] = {
	OPTION("ID", option_id, struct order_options, id, NULL, "the order's id"),
	JSON_OPTION(struct order_options),
	END_OF_OPTIONS,
};

const struct command cmd_order = {
	.name = "order",
	.meaning = "what happened to one order: services as columns, time downwards",
	.options = table,
	.run = run,
	.examples = "comanda order 01a2010f-0847-78db-883b-5a6e21181252\n",
	.notes = "Of each event: its producer, its receivers, how long it waited (from the\n"
		 "decision that made it until a receiver took it), how long the decision took, and\n"
		 "the order's state after it. Read from events.log, the inboxes, the order's row\n"
		 "and the dead letters.\n",
};
