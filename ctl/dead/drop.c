/* comanda dead drop: throws dead letters away. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/dead/dead_letters.h"

struct drop_options {
	struct dead_filter filter;
	bool dry_run, yes, json;
};

static void print_letter(const struct letter *letter, bool dropped, bool json)
{
	char id[UUID_TEXT + 1];
	struct json_line line;

	uuid_text(&letter->ids[0], id);
	if (!json) {
		printf("%s  %-17s  %s\n", id, letter->type, dropped ? "dropped" : "would be dropped");
		return;
	}
	json_line_open(&line);
	json_line_text(&line, "service", letter->service_name);
	json_line_id(&line, "event_id", &letter->ids[0]);
	json_line_text(&line, "type", letter->type);
	json_line_text(&line, "outcome", dropped ? "dropped" : "to be dropped");
	json_line_print(&line);
}

/* Returns how many; -1 after saying what is wrong. */
static int64_t drop_service(const char *service_name, const struct drop_options *options)
{
	struct dead_queue queue;
	int64_t dropped = 0;

	if (!dead_open(service_name, &options->filter, &queue))
		return -1;
	const bool agreed = options->dry_run || options->yes || queue.count == 0 ||
			    confirmed("Throw away %zu dead letters of %s for good?", queue.count, service_name);
	if (!agreed)
		complain("nothing was dropped: --yes says that it is meant, --dry-run shows what it would be");
	for (size_t i = 0; i < queue.count && agreed && dropped >= 0; i++) {
		if (!options->dry_run && dead_forget(&queue, &queue.letters[i]) != OK) {
			complain("the broker went away: %s", broker_detail(queue.broker));
			dropped = -1;
			break;
		}
		print_letter(&queue.letters[i], !options->dry_run, options->json);
		dropped++;
	}
	dead_close(&queue);
	return agreed ? dropped : -1;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct drop_options options = {0};
	int64_t all = 0;

	if (!command_read(command, argc, argv, &options) || !dead_chosen(&options.filter, command->name))
		return EXIT_COULD_NOT;
	for (int i = 0; i < SERVICES; i++) {
		if (options.filter.service_name != NULL && strcmp(options.filter.service_name, service_names[i]) != 0)
			continue;
		const int64_t dropped = drop_service(service_names[i], &options);
		if (dropped < 0)
			return EXIT_COULD_NOT;
		all += dropped;
	}
	if (!options.json)
		printf("%lld dead letter%s %s\n", (long long)all, all == 1 ? "" : "s",
		       options.dry_run ? "would be dropped" : "dropped");
	return EXIT_DONE;
}

static const struct option table[] = {
	DEAD_OPTIONS(struct drop_options),
	{"--all", OPTION_FLAG, offsetof(struct drop_options, filter.all), NULL, "all there are"},
	{"--yes", OPTION_FLAG, offsetof(struct drop_options, yes), NULL, "do not ask"},
	{"--dry-run", OPTION_FLAG, offsetof(struct drop_options, dry_run), NULL, "only say what would be done"},
	JSON_OPTION(struct drop_options),
	{.name = NULL},
};

const struct command cmd_dead_drop = {
	.name = "dead drop",
	.meaning = "throws dead letters away, for good",
	.options = table,
	.run = run,
	.examples = "comanda dead drop --code wrong_sender --dry-run\n"
		    "comanda dead drop 01a2010f-0847-78db-883b-5a6e21181252 --yes\n",
};
