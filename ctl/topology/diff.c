/* comanda topology diff, comanda topology verify: the broker against the table. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/topology/differences.h"

struct diff_options {
	bool json;
};

void difference_record(const struct difference *difference, bool mended)
{
	struct json_line line;

	json_line_open(&line);
	json_line_text(&line, "what", difference->what);
	json_line_text(&line, "name", difference->name);
	json_line_text(&line, "difference", difference->text);
	json_line_text(&line, "mended_by", difference->mending == MEND_APPLY ? "topology apply" : "hand");
	json_line_text(&line, "steps", difference->steps);
	record_bool(&line, "mended", mended);
	json_line_print(&line);
}

void difference_print(const struct difference *difference)
{
	printf("%s%s %s%s %s\n", tint(TINT_BAD), difference->what, difference->name, tint(TINT_NONE), difference->text);
	if (difference->mending == MEND_APPLY) {
		printf("    comanda topology apply mends it\n");
		return;
	}
	int number = 1;
	for (const char *line = difference->steps; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');

		printf("    %d. %.*s\n", number++, (int)(end - line), line);
		line = end + 1;
	}
}

static void print_short(const struct difference *difference)
{
	printf("%s %s %s\n", difference->what, difference->name, difference->text);
}

static int run_with(const struct command *command, int argc, char **argv, void (*print)(const struct difference *))
{
	struct diff_options options = {0};
	struct differences found;

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	const bool fine = differences_find(&found);
	for (size_t i = 0; i < found.count && fine; i++)
		if (options.json)
			difference_record(&found.items[i], false);
		else
			print(&found.items[i]);
	if (fine && found.count == 0 && !options.json)
		printf("the broker is as the table says\n");
	const size_t count = found.count;
	differences_done(&found);
	if (!fine)
		return EXIT_COULD_NOT;
	return count == 0 ? EXIT_DONE : EXIT_DIFFERENT;
}

static int run_diff(const struct command *command, int argc, char **argv)
{
	return run_with(command, argc, argv, difference_print);
}

static int run_verify(const struct command *command, int argc, char **argv)
{
	return run_with(command, argc, argv, print_short);
}

static const struct option table[] = {
	JSON_OPTION(struct diff_options),
	{.name = NULL},
};

const struct command cmd_topology_diff = {
	.name = "topology diff",
	.meaning = "how the broker differs from the table, and what mends it",
	.options = table,
	.run = run_diff,
	.examples = "comanda topology diff\n",
	.notes = "It needs COMANDA_MANAGEMENT_URL, of an account with the tag administrator.\n"
		 "Exit code 1 where there is a difference.\n",
};

const struct command cmd_topology_verify = {
	.name = "topology verify",
	.meaning = "the same, a line a difference: for scripts",
	.options = table,
	.run = run_verify,
	.examples = "comanda topology verify && ./start-the-programs\n",
};
