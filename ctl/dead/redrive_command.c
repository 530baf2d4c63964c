/* comanda dead redrive: dead letters, handed in again. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/dead/redrive.h"
#include "ctl/lib/connect.h"

struct redrive_options {
	struct dead_filter filter;
	int64_t wait_us;
	bool dry_run, json;
};

struct tally {
	int64_t of[FATE_FORGED + 1];
};

static enum tint fate_tint(enum fate fate)
{
	return fate == FATE_HANDLED || fate == FATE_BEFORE  ? TINT_GOOD
	       : fate == FATE_WAITS || fate == FATE_TO_SEND ? TINT_NOTICE
							    : TINT_BAD;
}

static void print_json(const struct redriven *item)
{
	struct json_line line;

	json_line_open(&line);
	json_line_text(&line, "service", item->letter->service_name);
	json_line_id(&line, "event_id", &item->letter->ids[0]);
	json_line_text(&line, "type", item->letter->type);
	json_line_text(&line, "died_of", item->letter->code);
	json_line_text(&line, "outcome", fate_names[item->fate]);
	json_line_text(&line, "code", item->code);
	json_line_text(&line, "reason", item->why);
	json_line_print(&line);
}

static void print_item(const struct redriven *item, const struct redrive_options *options)
{
	char id[UUID_TEXT + 1];

	if (options->json) {
		print_json(item);
		return;
	}
	uuid_text(&item->letter->ids[0], id);
	printf("%s  %-17s  %s%s%s\n", id, item->letter->type, tint(fate_tint(item->fate)), fate_names[item->fate],
	       tint(TINT_NONE));
	if (item->why != NULL)
		printf("  %s%s: %s%s\n", tint(TINT_DIM), item->code, item->why, tint(TINT_NONE));
}

static void explain_waiting(const struct redrive *redrive)
{
	struct queue_depth depth;
	char name[32];

	snprintf(name, sizeof(name), "%s.events", redrive->queue->service_name);
	if (broker_depth(redrive->queue->broker, name, &depth) != OK)
		return;
	if (depth.consumers == 0)
		complain("%s has no consumer: what waits there is handled once svc-%s is back", name,
			 redrive->queue->service_name);
	else
		complain("what waits is in %s, or was handled without a sign: comanda dead list shows what is refused "
			 "later",
			 name);
}

/* One service. Returns whether it went as it should; what became of its letters is in the tally. */
static bool redrive_service(const char *service_name, const struct redrive_options *options, struct tally *tally)
{
	struct dead_queue queue;
	struct redrive redrive = {.queue = &queue, .wait_us = options->wait_us};

	if (!dead_open(service_name, &options->filter, &queue))
		return false;
	bool fine = true;
	if (queue.count > 0) {
		redrive.db = connect_database(service_name);
		fine = redrive.db != NULL && redrive_plan(&redrive);
		if (fine && !options->dry_run)
			fine = redrive_send(&redrive) && redrive_watch(&redrive);
	}
	bool waits = false;
	for (size_t i = 0; i < redrive.count; i++) {
		tally->of[redrive.items[i].fate]++;
		waits = waits || redrive.items[i].fate == FATE_WAITS;
		print_item(&redrive.items[i], options);
	}
	if (waits)
		explain_waiting(&redrive);
	db_free(redrive.db);
	dead_close(&queue);
	return fine;
}

static void print_tally(const struct tally *tally, bool dry_run)
{
	int64_t all = 0;

	for (int fate = 0; fate <= FATE_FORGED; fate++)
		all += tally->of[fate];
	printf("%s%lld dead letter%s", all == 0 ? "" : "\n", (long long)all, all == 1 ? "" : "s");
	for (int fate = 0; fate <= FATE_FORGED; fate++)
		if (tally->of[fate] > 0)
			printf(", %lld %s", (long long)tally->of[fate], fate_names[fate]);
	printf("%s\n", dry_run ? ". Nothing was sent: without --dry-run it is." : "");
	if (tally->of[FATE_FORGED] > 0)
		printf("Forged ones are never sent: handed in by an operator they would pass for genuine.\n");
}

static int run(const struct command *command, int argc, char **argv)
{
	struct redrive_options options = {.wait_us = 10 * SECOND_US};
	struct tally tally = {0};
	bool fine = true;

	if (!command_read(command, argc, argv, &options) || !dead_chosen(&options.filter, command->name))
		return EXIT_COULD_NOT;
	interrupts_watch();
	for (int i = 0; i < SERVICES && fine; i++)
		if (options.filter.service_name == NULL || strcmp(options.filter.service_name, service_names[i]) == 0)
			fine = redrive_service(service_names[i], &options, &tally);
	if (!options.json)
		print_tally(&tally, options.dry_run);
	if (!fine)
		return EXIT_COULD_NOT;
	return tally.of[FATE_REFUSED] + tally.of[FATE_WAITS] + tally.of[FATE_NOT_SENT] + tally.of[FATE_FORGED] > 0
		       ? EXIT_DIFFERENT
		       : EXIT_DONE;
}

static const struct option table[] = {
	DEAD_OPTIONS(struct redrive_options),
	{"--all", OPTION_FLAG, offsetof(struct redrive_options, filter.all), NULL, "all there are"},
	{"--wait", OPTION_PERIOD, offsetof(struct redrive_options, wait_us), "TIME", "for what becomes of them (10s)"},
	{"--dry-run", OPTION_FLAG, offsetof(struct redrive_options, dry_run), NULL, "only say what would be done"},
	JSON_OPTION(struct redrive_options),
	{.name = NULL},
};

const struct command cmd_dead_redrive = {
	.name = "dead redrive",
	.meaning = "hands dead letters in again, and says what became of each",
	.options = table,
	.run = run,
	.examples = "comanda dead redrive --service orders --code cannot_be_saved --dry-run\n"
		    "comanda dead redrive 01a2010f-0847-78db-883b-5a6e21181252\n"
		    "comanda dead redrive --all --wait 1m\n",
	.notes = "confirms: handled; refused again (and why: it is a dead letter again); waits\n"
		 "(its consumer has not come to it: nothing is lost); handled before (an earlier\n"
		 "redrive did it: the letter is only dropped); not sent; forged (never sent).\n"
		 "Exit code 1 unless all were handled.\n",
};
