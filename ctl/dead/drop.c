/* comanda dead drop: deletes dead letters. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/dead/dead_queue.h"

struct drop_options {
	struct dead_filter filter;
	bool dry_run, yes, json;
};

static void print_letter(const struct dead_letter *letter, bool dropped, bool json)
{
	char id[UUID_TEXT + 1];
	struct json_object object;

	uuid_text(&letter->ids[0], id);
	if (!json) {
		printf("%s  %-17s  %s\n", id, letter->type, dropped ? "dropped" : "would be dropped");
		return;
	}
	json_object_open(&object);
	json_object_text(&object, "service", letter->service->queue_prefix);
	json_object_id(&object, "event_id", &letter->ids[0]);
	json_object_text(&object, "type", letter->type);
	json_object_text(&object, "outcome", dropped ? "dropped" : "to be dropped");
	json_object_print(&object);
}

/* Returns how many; -1 after an error message. Sets `incomplete` where the queue holds more than could be read or
 * deleted. */
static int64_t drop_service(const struct service *service, const struct drop_options *options, bool *incomplete)
{
	struct dead_queue queue;
	int64_t dropped = 0;

	if (!dead_queue_open(service, &options->filter, &queue))
		return -1;
	*incomplete = *incomplete || queue.incomplete;
	const bool agreed = options->dry_run || options->yes || queue.count == 0 ||
			    confirm("Delete %zu dead letters of %s for good?", queue.count, service->queue_prefix);
	if (!agreed)
		print_error("nothing was dropped: --yes confirms it, --dry-run shows what it would be");
	for (size_t i = 0; i < queue.count && agreed && dropped >= 0; i++) {
		if (!options->dry_run && dead_queue_drop(&queue, &queue.letters[i]) != OK) {
			print_error("the connection to the broker was lost: %s", broker_detail(queue.broker));
			dropped = -1;
			break;
		}
		print_letter(&queue.letters[i], !options->dry_run, options->json);
		dropped++;
	}
	if (dropped > 0 && !options->dry_run && !dead_queue_settle(&queue))
		*incomplete = true;
	dead_queue_close(&queue);
	return agreed ? dropped : -1;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct drop_options options = {0};
	int64_t all = 0;
	bool incomplete = false;

	if (!command_read(command, argc, argv, &options) || !dead_filter_given(&options.filter, command->name))
		return EXIT_FAILED;
	for (const struct service *const *service = services; *service != NULL; service++) {
		if (options.filter.service != NULL && options.filter.service != *service)
			continue;
		const int64_t dropped = drop_service(*service, &options, &incomplete);
		if (dropped < 0)
			return EXIT_FAILED;
		all += dropped;
	}
	if (!options.json)
		printf("%lld dead letter%s %s\n", (long long)all, all == 1 ? "" : "s",
		       options.dry_run ? "would be dropped" : "dropped");
	return incomplete ? EXIT_DIFFERENT : EXIT_DONE;
}

static const struct option table[] = {
	DEAD_OPTIONS(struct drop_options),
	OPTION("--all", option_flag, struct drop_options, filter.all, NULL, "all dead letters"),
	OPTION("--yes", option_flag, struct drop_options, yes, NULL, "do not ask"),
	OPTION("--dry-run", option_flag, struct drop_options, dry_run, NULL, "only show what would be dropped"),
	JSON_OPTION(struct drop_options),
	END_OF_OPTIONS,
};

const struct command cmd_dead_drop = {
	.name = "dead drop",
	.meaning = "deletes dead letters for good",
	.options = table,
	.run = run,
	.examples = "comanda dead drop --code wrong_sender --dry-run\n"
		    "comanda dead drop 01a2010f-0847-78db-883b-5a6e21181252 --yes\n",
};
