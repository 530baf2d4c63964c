/* comanda topology verify: the same comparison, one line per difference. */
#include "ctl/cli/commands.h"
#include "ctl/topology/difference_print.h"

struct verify_options {
	bool json;
};

static int run(const struct command *command, int argc, char **argv)
{
	struct verify_options options = {.json = false};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	return differences_print(difference_print_short, options.json);
}

static const struct option table[] = {
	JSON_OPTION(struct verify_options),
	END_OF_OPTIONS,
};

const struct command cmd_topology_verify = {
	.name = "topology verify",
	.meaning = "the same differences, each in one line: for scripts",
	.options = table,
	.run = run,
	.examples = "comanda topology verify && ./start-the-programs\n",
};
