/* comanda dead list: the dead letters, each in two lines. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/terminal.h"
#include "ctl/dead/print.h"

struct list_options {
	struct dead_filter filter;
	bool json;
};

/* Id, type and code; below them the reason. */
static void print_letter(const struct dead_letter *letter)
{
	char id[UUID_TEXT + 1], last[TIMESTAMP_TEXT + 1] = "2026-11-25T--------", facts[80];

	uuid_text(&letter->ids[0], id);
	if (letter->last_us != INT_ABSENT)
		timestamp_text(letter->last_us, last);
	printf("%s  %-17s  %s%s%s\n", id, letter->type, tint(TINT_BAD), letter->code, tint(TINT_NONE));
	snprintf(facts, sizeof(facts), "  %s, %.8s UTC, %lld attempt%s: ", letter->service->queue_prefix, last + 11,
		 (long long)letter->attempts, letter->attempts == 1 ? "" : "s");
	printf("%s%s", tint(TINT_DIM), facts);
	print_wrapped(letter->reason, text_columns(facts), 4);
	printf("%s", tint(TINT_NONE));
}

static int run(const struct command *command, int argc, char **argv)
{
	struct list_options options = {0};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	const struct dead_letters_printed printed = dead_letters_print(&options.filter, options.json, print_letter);
	if (printed.failed)
		return EXIT_FAILED;
	if (printed.incomplete)
		return EXIT_DIFFERENT;
	if (printed.count == 0 && !options.json)
		printf("no dead letters\n");
	return EXIT_DONE;
}

static const struct option table[] = {
	DEAD_OPTIONS(struct list_options),
	JSON_OPTION(struct list_options),
	END_OF_OPTIONS,
};

const struct command cmd_dead_list = {
	.name = "dead list",
	.meaning = "events that could not be processed, and why",
	.options = table,
	.run = run,
	.examples = "comanda dead list\n"
		    "comanda dead list --service orders --code cannot_be_saved --from 1h\n",
	.notes = "A dead letter that another consumer holds cannot be read, and neither can those\n"
		 "beyond the first 20000 of a queue. Standard error then says how many are\n"
		 "missing, and the exit code is 1.\n",
};
