/* comanda dead list, comanda dead show: what could not be handled, and why. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/dead/dead_letters.h"

struct list_options {
	struct dead_filter filter;
	bool json;
};

static void print_record(const struct letter *letter)
{
	struct json_line line;
	struct buffer body;

	json_line_open(&line);
	json_line_text(&line, "service", letter->service_name);
	json_line_id(&line, "event_id", &letter->ids[0]);
	json_line_int(&line, "events", (int64_t)letter->id_count);
	json_line_text(&line, "type", letter->type);
	json_line_id(&line, "order_id", &letter->order);
	json_line_text(&line, "code", letter->code);
	json_line_text(&line, "reason", letter->reason);
	json_line_int(&line, "attempts", letter->attempts);
	json_line_text(&line, "origin", letter->origin);
	json_line_timestamp(&line, "first", letter->first_us);
	json_line_timestamp(&line, "last", letter->last_us);
	buffer_init(&body);
	if (letter->json != NULL)
		json_print(&body, letter->json);
	else
		buffer_text(&body, "null");
	json_line_json(&line, "body", (struct span){body.bytes, body.size});
	json_line_print(&line);
	buffer_done(&body);
}

/* Between words, so that each line fits; what follows the first is set in. */
static void print_wrapped(const char *text, int used)
{
	const int width = terminal_columns() < 100 ? terminal_columns() : 100;
	int column = used;

	for (const char *word = text; *word != '\0';) {
		const int size = (int)strcspn(word, " ");

		if (column > used && column + 1 + size > width) {
			printf("\n    ");
			column = 4;
		} else if (word > text) {
			putchar(' ');
			column++;
		}
		printf("%.*s", size, word);
		column += size;
		word += size;
		while (*word == ' ')
			word++;
	}
	putchar('\n');
}

/* Its id, type and cause, and below it what was the matter. */
static void print_line(const struct letter *letter)
{
	char id[UUID_TEXT + 1], last[TIMESTAMP_TEXT + 1] = "2026-11-25T--------", facts[80];

	uuid_text(&letter->ids[0], id);
	if (letter->last_us != INT_ABSENT)
		timestamp_text(letter->last_us, last);
	printf("%s  %-17s  %s%s%s\n", id, letter->type, tint(TINT_BAD), letter->code, tint(TINT_NONE));
	snprintf(facts, sizeof(facts), "  %s, %.8s, %lld attempt%s: ", letter->service_name, last + 11,
		 (long long)letter->attempts, letter->attempts == 1 ? "" : "s");
	printf("%s%s", tint(TINT_DIM), facts);
	print_wrapped(letter->reason, text_columns(facts));
	printf("%s", tint(TINT_NONE));
}

static void print_whole(const struct letter *letter)
{
	char first[TIMESTAMP_TEXT + 1] = "?", last[TIMESTAMP_TEXT + 1] = "?";
	struct buffer line, wide;

	if (letter->first_us != INT_ABSENT)
		timestamp_text(letter->first_us, first);
	if (letter->last_us != INT_ABSENT)
		timestamp_text(letter->last_us, last);
	printf("service   %s\nqueue     %s\ncode      %s%s%s\nreason    %s\nattempts  %lld\nfirst     %s\nlast      "
	       "%s\n",
	       letter->service_name, letter->origin, tint(TINT_BAD), letter->code, tint(TINT_NONE), letter->reason,
	       (long long)letter->attempts, first, last);
	if (letter->json == NULL) {
		printf("body      not JSON, %zu bytes: %.*s\n", letter->body.size,
		       (int)(letter->body.size > 2000 ? 2000 : letter->body.size), letter->body.bytes);
		return;
	}
	buffer_init(&line);
	buffer_init(&wide);
	json_print(&line, letter->json);
	json_indent(&wide, (struct span){line.bytes, line.size});
	printf("%s\n", wide.bytes);
	buffer_done(&line);
	buffer_done(&wide);
}

/* Returns how many letters there were; -1: it could not be read. */
static int64_t look(const char *service_name, const struct list_options *options,
		    void (*print)(const struct letter *letter))
{
	struct dead_queue queue;

	if (!dead_open(service_name, &options->filter, &queue))
		return -1;
	for (size_t i = 0; i < queue.count; i++)
		if (options->json)
			print_record(&queue.letters[i]);
		else
			print(&queue.letters[i]);
	const int64_t count = (int64_t)queue.count;
	dead_close(&queue);
	return count;
}

static int64_t look_everywhere(const struct list_options *options, void (*print)(const struct letter *letter))
{
	int64_t all = 0;

	for (int i = 0; i < SERVICES; i++) {
		if (options->filter.service_name != NULL && strcmp(options->filter.service_name, service_names[i]) != 0)
			continue;
		const int64_t count = look(service_names[i], options, print);
		if (count < 0)
			return -1;
		all += count;
	}
	return all;
}

static int run_list(const struct command *command, int argc, char **argv)
{
	struct list_options options = {0};

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	const int64_t count = look_everywhere(&options, print_line);
	if (count == 0 && !options.json)
		printf("no dead letters\n");
	return count < 0 ? EXIT_COULD_NOT : EXIT_DONE;
}

static int run_show(const struct command *command, int argc, char **argv)
{
	struct list_options options = {0};

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	const int64_t count = look_everywhere(&options, print_whole);
	if (count == 0)
		complain("there is no dead letter of that event; comanda dead list shows what there is");
	return count > 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

static const struct option list_table[] = {
	DEAD_OPTIONS(struct list_options),
	JSON_OPTION(struct list_options),
	{.name = NULL},
};

const struct command cmd_dead_list = {
	.name = "dead list",
	.meaning = "what could not be handled, and why",
	.options = list_table,
	.run = run_list,
	.examples = "comanda dead list\n"
		    "comanda dead list --service orders --code cannot_be_saved --from 1h\n",
};

static const struct option show_table[] = {
	{"EVENT", OPTION_ID, offsetof(struct list_options, filter.event), NULL, "the id of the event that died"},
	{"--service", OPTION_SERVICE, offsetof(struct list_options, filter.service_name), "NAME", "of that one alone"},
	JSON_OPTION(struct list_options),
	{.name = NULL},
};

const struct command cmd_dead_show = {
	.name = "dead show",
	.meaning = "one dead letter, whole",
	.options = show_table,
	.run = run_show,
	.examples = "comanda dead show 01a2010f-0847-78db-883b-5a6e21181252\n",
};
