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
	struct record record;
	struct buffer body;

	record_open(&record);
	record_text(&record, "service", letter->house);
	record_id(&record, "event_id", &letter->ids[0]);
	record_int(&record, "events", (int64_t)letter->id_count);
	record_text(&record, "type", letter->type);
	record_id(&record, "order_id", &letter->order);
	record_text(&record, "code", letter->code);
	record_text(&record, "reason", letter->reason);
	record_int(&record, "attempts", letter->attempts);
	record_text(&record, "origin", letter->origin);
	record_moment(&record, "first", letter->first_us);
	record_moment(&record, "last", letter->last_us);
	buffer_init(&body);
	if (letter->json != NULL)
		json_print(&body, letter->json);
	else
		buffer_text(&body, "null");
	record_json(&record, "body", (struct span){body.bytes, body.size});
	record_print(&record);
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
	char id[UUID_TEXT + 1], last[MOMENT_TEXT + 1] = "2026-11-25T--------", facts[80];

	uuid_text(&letter->ids[0], id);
	if (letter->last_us != INT_ABSENT)
		moment_text(letter->last_us, last);
	printf("%s  %-17s  %s%s%s\n", id, letter->type, tint(TINT_BAD), letter->code, tint(TINT_NONE));
	snprintf(facts, sizeof(facts), "  %s, %.8s, %lld attempt%s: ", letter->house, last + 11,
		 (long long)letter->attempts, letter->attempts == 1 ? "" : "s");
	printf("%s%s", tint(TINT_DIM), facts);
	print_wrapped(letter->reason, text_columns(facts));
	printf("%s", tint(TINT_NONE));
}

static void print_whole(const struct letter *letter)
{
	char first[MOMENT_TEXT + 1] = "?", last[MOMENT_TEXT + 1] = "?";
	struct buffer line, wide;

	if (letter->first_us != INT_ABSENT)
		moment_text(letter->first_us, first);
	if (letter->last_us != INT_ABSENT)
		moment_text(letter->last_us, last);
	printf("service   %s\nqueue     %s\ncode      %s%s%s\nreason    %s\nattempts  %lld\nfirst     %s\nlast      "
	       "%s\n",
	       letter->house, letter->origin, tint(TINT_BAD), letter->code, tint(TINT_NONE), letter->reason,
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
static int64_t look(const char *house, const struct list_options *options, void (*print)(const struct letter *letter))
{
	struct dead_queue queue;

	if (!dead_open(house, &options->filter, &queue))
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

	for (int i = 0; i < HOUSES; i++) {
		if (options->filter.house != NULL && strcmp(options->filter.house, house_names[i]) != 0)
			continue;
		const int64_t count = look(house_names[i], options, print);
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
	{"--service", OPTION_HOUSE, offsetof(struct list_options, filter.house), "NAME", "of that one alone"},
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
