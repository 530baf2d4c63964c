/* comanda order: the causal timeline of one order, across services. */
#include "ctl/cli/commands.h"
#include "ctl/order/draw.h"

struct order_options {
	struct uuid id;
	bool json;
};

static int run(const struct command *command, int argc, char **argv)
{
	struct order_options options = {.json = false};
	struct order_timeline timeline;

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	const bool fine = timeline_read(&timeline, &options.id);
	if (fine && options.json)
		timeline_json(&timeline);
	else if (fine)
		timeline_draw(&timeline);
	story_done(&timeline);
	return fine ? EXIT_DONE : EXIT_COULD_NOT;
}

static const struct option table[] = {
	{"ID", OPTION_ID, offsetof(struct order_options, id), NULL, "the order's id"},
	JSON_OPTION(struct order_options),
	{.name = NULL},
};

const struct command cmd_order = {
	.name = "order",
	.meaning = "what happened to one order: services as columns, time downwards",
	.options = table,
	.run = run,
	.examples = "comanda order 01a2010f-0847-78db-883b-5a6e21181252\n",
	.notes = "Of each event: who told it, who heard it, how long it waited (from the decision\n"
		 "that made it to its being taken), how long deciding took, and the order's state\n"
		 "after it. From events.log, the inboxes, the order's row and the dead letters.\n",
};
