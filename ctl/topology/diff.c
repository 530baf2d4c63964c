/* comanda topology diff: compares the broker with the table. */
#include "ctl/cli/commands.h"
#include "ctl/topology/difference_print.h"

struct diff_options {
	bool json;
};

static int run(const struct command *command, int argc, char **argv)
{
	struct diff_options options = {.json = false};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	return differences_print(difference_print, options.json);
}

static const struct option table[] = {
	JSON_OPTION(struct diff_options),
	END_OF_OPTIONS,
};

const struct command cmd_topology_diff = {
	.name = "topology diff",
	.meaning = "how the broker differs from the table, and what repairs it",
	.options = table,
	.run = run,
	.examples = "comanda topology diff\n",
	.notes = "It needs COMANDA_MANAGEMENT_URL, of an account with the tag administrator.\n"
		 "Exit code 1 where there is a difference.\n",
};
