/* comanda dead redrive: sends dead letters to their queues again. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/dead/redrive.h"
#include "ctl/lib/connect.h"

struct redrive_options {
	struct dead_filter filter;
	int64_t wait_us;
	bool dry_run, json;
};

struct outcome_counts {
	int64_t of[REDRIVE_OUTCOMES];
	bool incomplete; /* there are dead letters that could not be read */
};

static enum tint outcome_tint(enum redrive_outcome outcome)
{
	switch (outcome) {
	case REDRIVE_HANDLED:
	case REDRIVE_HANDLED_BEFORE:
		return TINT_GOOD;
	case REDRIVE_WAITING:
	case REDRIVE_TO_SEND:
		return TINT_NOTICE;
	case REDRIVE_REFUSED:
	case REDRIVE_NOT_SENT:
	case REDRIVE_FORGED:
		break;
	}
	return TINT_BAD;
}

static void print_json(const struct redriven *item)
{
	struct json_object object;

	json_object_open(&object);
	json_object_text(&object, "service", item->letter->service->queue_prefix);
	json_object_id(&object, "event_id", &item->letter->ids[0]);
	json_object_text(&object, "type", item->letter->type);
	json_object_text(&object, "died_of", item->letter->code);
	json_object_text(&object, "outcome", redrive_outcome_names[item->outcome]);
	json_object_text(&object, "code", item->code);
	json_object_text(&object, "reason", item->reason);
	json_object_print(&object);
}

static void print_item(const struct redriven *item, const struct redrive_options *options)
{
	char id[UUID_TEXT + 1];

	if (options->json) {
		print_json(item);
		return;
	}
	uuid_text(&item->letter->ids[0], id);
	printf("%s  %-17s  %s%s%s\n", id, item->letter->type, tint(outcome_tint(item->outcome)),
	       redrive_outcome_names[item->outcome], tint(TINT_NONE));
	if (item->reason != NULL)
		printf("  %s%s: %s%s\n", tint(TINT_DIM), item->code, item->reason, tint(TINT_NONE));
}

static void explain_waiting(const struct redrive *redrive)
{
	struct queue_depth depth;
	const char *name = event_queue_of(redrive->queue->service, &redrive->queue->arena);

	if (broker_depth(redrive->queue->broker, name, &depth) != OK)
		return;
	if (depth.consumers == 0)
		print_error("%s has no consumer: its events are handled once %s runs again", name,
			    redrive->queue->service->name);
	else
		print_error("the waiting events are in %s, or were handled without a trace: comanda dead list shows "
			    "refusals that come later",
			    name);
}

/* Redrives one service's dead letters and counts outcomes. False after an error message. */
static bool redrive_service(const struct service *service, const struct redrive_options *options,
			    struct outcome_counts *counts)
{
	struct dead_queue queue;
	struct redrive redrive = {.queue = &queue, .wait_us = options->wait_us};

	if (!dead_queue_open(service, &options->filter, &queue))
		return false;
	counts->incomplete = counts->incomplete || queue.incomplete;
	bool fine = true;
	if (queue.count > 0) {
		redrive.db = connect_database(service);
		fine = redrive.db != NULL && redrive_plan(&redrive);
		if (fine && !options->dry_run)
			fine = redrive_send(&redrive) && redrive_watch(&redrive);
	}
	bool waiting = false;
	for (size_t i = 0; i < redrive.count; i++) {
		counts->of[redrive.items[i].outcome]++;
		waiting = waiting || redrive.items[i].outcome == REDRIVE_WAITING;
		print_item(&redrive.items[i], options);
	}
	if (waiting)
		explain_waiting(&redrive);
	db_free(redrive.db);
	if (fine && !dead_queue_settle(&queue))
		counts->incomplete = true;
	dead_queue_close(&queue);
	return fine;
}

static void print_counts(const struct outcome_counts *counts, bool dry_run)
{
	int64_t all = 0;

	for (int outcome = 0; outcome < REDRIVE_OUTCOMES; outcome++)
		all += counts->of[outcome];
	if (all == 0 && counts->incomplete)
		return;
	printf("%s%lld dead letter%s", all == 0 ? "" : "\n", (long long)all, all == 1 ? "" : "s");
	for (int outcome = 0; outcome < REDRIVE_OUTCOMES; outcome++)
		if (counts->of[outcome] > 0)
			printf(", %lld %s", (long long)counts->of[outcome], redrive_outcome_names[outcome]);
	printf("%s\n", dry_run ? ". Nothing was sent: without --dry-run it is." : "");
	if (counts->of[REDRIVE_FORGED] > 0)
		printf("Forged ones are never sent: from an operator's account the consumer would accept them.\n");
}

static int run(const struct command *command, int argc, char **argv)
{
	struct redrive_options options = {.wait_us = 10 * SECOND_US};
	struct outcome_counts counts = {0};
	bool fine = true;

	if (!command_read(command, argc, argv, &options) || !dead_filter_given(&options.filter, command->name))
		return EXIT_FAILED;
	interrupts_watch();
	for (const struct service *const *service = services; *service != NULL && fine; service++)
		if (options.filter.service == NULL || options.filter.service == *service)
			fine = redrive_service(*service, &options, &counts);
	if (!options.json && fine)
		print_counts(&counts, options.dry_run);
	if (!fine)
		return EXIT_FAILED;
	return counts.incomplete || counts.of[REDRIVE_REFUSED] + counts.of[REDRIVE_WAITING] +
						    counts.of[REDRIVE_NOT_SENT] + counts.of[REDRIVE_FORGED] >
					    0
		       ? EXIT_DIFFERENT
		       : EXIT_DONE;
}

static const struct option table[] = {
	DEAD_OPTIONS(struct redrive_options),
	OPTION("--all", option_flag, struct redrive_options, filter.all, NULL, "all dead letters"),
	OPTION("--wait", option_period, struct redrive_options, wait_us, "TIME", "for the outcomes (10s)"),
	OPTION("--dry-run", option_flag, struct redrive_options, dry_run, NULL, "only show what would be done"),
	JSON_OPTION(struct redrive_options),
	END_OF_OPTIONS,
};

const struct command cmd_dead_redrive = {
	.name = "dead redrive",
	.meaning = "sends dead letters to their queues again, and shows the outcome of each",
	.options = table,
	.run = run,
	.examples = "comanda dead redrive --service orders --code cannot_be_saved --dry-run\n"
		    "comanda dead redrive 01a2010f-0847-78db-883b-5a6e21181252\n"
		    "comanda dead redrive --all --wait 1m\n",
	.notes = "Outcomes: handled; refused again (with the reason: it is a dead letter again);\n"
		 "waits (its consumer has not processed it yet: nothing is lost); handled before\n"
		 "(by an earlier redrive: the dead letter is only dropped); not sent; forged\n"
		 "(never sent). Exit code 1 unless all were handled, or where the queue holds dead\n"
		 "letters that could not be read.\n",
};
