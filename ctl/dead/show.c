/* comanda dead show: one dead letter with its whole body. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/terminal.h"
#include "ctl/dead/print.h"

struct show_options {
	struct dead_filter filter;
	bool json;
};

enum { RAW_BODY_MAX = 2000 };

static void print_letter(const struct dead_letter *letter)
{
	char first[TIMESTAMP_TEXT + 1] = "?", last[TIMESTAMP_TEXT + 1] = "?";
	struct buffer compact, indented;

	if (letter->first_us != INT_ABSENT)
		timestamp_text(letter->first_us, first);
	if (letter->last_us != INT_ABSENT)
		timestamp_text(letter->last_us, last);
	printf("service   %s\nqueue     %s\ncode      %s%s%s\nreason    %s\nattempts  %lld\nfirst     %s\nlast      "
	       "%s\n",
	       letter->service->queue_prefix, letter->origin, tint(TINT_BAD), letter->code, tint(TINT_NONE),
	       letter->reason, (long long)letter->attempts, first, last);
	if (letter->json == NULL) {
		printf("body      not JSON, %zu bytes: %.*s\n", letter->body.size,
		       (int)(letter->body.size > RAW_BODY_MAX ? RAW_BODY_MAX : letter->body.size), letter->body.bytes);
		return;
	}
	buffer_init(&compact);
	buffer_init(&indented);
	json_print(&compact, letter->json);
	json_indent(&indented, (struct span){compact.bytes, compact.size});
	printf("%s\n", indented.bytes);
	buffer_done(&compact);
	buffer_done(&indented);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct show_options options = {0};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	const struct dead_letters_printed printed = dead_letters_print(&options.filter, options.json, print_letter);
	if (printed.count == 0 && !printed.failed && !printed.incomplete)
		print_error("there is no dead letter of that event; comanda dead list shows what there is");
	return printed.count > 0 ? EXIT_DONE : EXIT_FAILED;
}

static const struct option table[] = {
	OPTION("EVENT", option_id, struct show_options, filter.event, NULL, "the id of its event"),
	OPTION("--service", option_service, struct show_options, filter.service, "NAME", "only of that service"),
	JSON_OPTION(struct show_options),
	END_OF_OPTIONS,
};

const struct command cmd_dead_show = {
	.name = "dead show",
	.meaning = "one dead letter, whole",
	.options = table,
	.run = run,
	.examples = "comanda dead show 01a2010f-0847-78db-883b-5a6e21181252\n",
};
