/* comanda replay: events of the log, delivered again to the queues that they were for. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/dedup_admin.h"
#include "ctl/lib/requeue.h"
#include "ctl/replay/audit.h"

struct replay_options {
	struct event_filter filter;
	const char *service_name, *reason;
	bool send, outputs, force, yes, json;
};

/* Which events: those of the filter, or what consumers said in answer to them. */
static bool choose_events(struct event_set *set, const struct replay_options *options)
{
	struct event_set causes;
	bool fine = true;

	if (!options->outputs) {
		fine = event_set_read(set, &options->filter);
		event_set_unique(set);
		return fine;
	}
	event_set_init(&causes);
	fine = event_set_read(&causes, &options->filter);
	event_set_unique(&causes);
	/* What was said in answer came later in time, if not in the log. */
	struct eventlog *log = NULL;
	struct logged event;
	const int64_t first = causes.count == 0 ? timestamp_now() : causes.events[0].time_us;
	fine = fine &&
	       eventlog_open(&(struct log_range){.from = {.kind = PLACE_TIME, .at_us = first - MINUTE_US}}, &log);
	for (enum log_step step = LOG_EVENT; fine && (step = eventlog_next(log, &event)) != LOG_END;) {
		fine = step != LOG_FAILED;
		for (size_t i = 0; fine && i < causes.count; i++)
			if (uuid_equal(&causes.events[i].id, &event.cause))
				event_set_add(set, &event);
	}
	eventlog_free(log);
	event_set_done(&causes);
	event_set_unique(set);
	return fine;
}

static void print_errand(const struct errand *errand, const struct replay_options *options)
{
	char id[UUID_TEXT + 1];
	struct json_line line;

	uuid_text(&errand->event->id, id);
	if (!options->json) {
		printf("%7lld  %-17s → %-15s  %s%s%s\n", (long long)errand->event->offset, errand->event->type,
		       errand->queue,
		       errand->effect == EFFECT_AGAIN    ? tint(TINT_BAD)
		       : errand->effect == EFFECT_HANDLE ? tint(TINT_NOTICE)
							 : tint(TINT_DIM),
		       effect_names[errand->effect], tint(TINT_NONE));
		return;
	}
	json_line_open(&line);
	json_line_int(&line, "offset", errand->event->offset);
	json_line_text(&line, "event_id", id);
	json_line_text(&line, "type", errand->event->type);
	json_line_text(&line, "queue", errand->queue);
	json_line_text(&line, "effect", effect_names[errand->effect]);
	record_bool(&line, "sent", options->send);
	json_line_print(&line);
}

static void print_plan(const struct replay_plan *plan, const struct replay_options *options)
{
	size_t of[EFFECT_AGAIN + 1] = {0};
	const size_t shown = options->json || plan->count <= 40 ? plan->count : 20;

	for (size_t i = 0; i < plan->count; i++)
		of[plan->errands[i].effect]++;
	for (size_t i = 0; i < shown; i++)
		print_errand(&plan->errands[i], options);
	if (options->json)
		return;
	if (shown < plan->count)
		printf("        … and %zu more (--json shows all)\n", plan->count - shown);
	printf("\n%zu deliveries", plan->count);
	for (int effect = 0; effect <= EFFECT_AGAIN; effect++)
		if (of[effect] > 0)
			printf("; %zu: %s", of[effect], effect_names[effect]);
	printf("\n");
	if (plan->unprocessed > 0)
		printf("%zu events have no consumer there, and are not sent\n", plan->unprocessed);
}

/* Makes the inboxes forget what is to take effect again. */
static bool forget(const struct replay_plan *plan)
{
	for (int h = 0; h < SERVICES; h++) {
		struct uuid *ids = mem_new(plan->count + 1, sizeof(*ids));
		int64_t *whenever = mem_new(plan->count + 1, sizeof(*whenever));
		size_t count = 0;
		bool fine = true;

		for (size_t i = 0; i < plan->count; i++)
			if (plan->errands[i].service_name == service_names[h] &&
			    plan->errands[i].effect == EFFECT_AGAIN) {
				whenever[count] = INT64_MAX;
				ids[count++] = plan->errands[i].event->id;
			}
		struct db *db = count == 0 ? NULL : connect_database(service_names[h]);
		if (count > 0)
			fine = db != NULL && claims_forget(db, ids, whenever, count);
		db_free(db);
		free(ids);
		free(whenever);
		if (!fine)
			return false;
	}
	return true;
}

static bool send_plan(struct broker *broker, const struct replay_plan *plan)
{
	struct handed *messages = mem_new(plan->count + 1, sizeof(*messages));

	for (size_t i = 0; i < plan->count; i++) {
		const struct kept_event *event = plan->errands[i].event;

		messages[i] = (struct handed){.queue = plan->errands[i].queue,
					      .type = event->type,
					      .id = event->id,
					      .correlation = event->order,
					      .body = event->text};
	}
	const bool fine = requeue(broker, messages, plan->count, "replaying");
	free(messages);
	return fine;
}

/* The audit comes first: what cannot be written down is not done. */
static bool carry_out(const struct replay_plan *plan, const struct replay_options *options)
{
	struct broker *broker = connect_broker("replay", true);
	bool fine = broker != NULL;

	if (fine && options->force)
		fine = replay_audit(broker, plan, options->reason) && forget(plan);
	fine = fine && send_plan(broker, plan);
	if (broker != NULL)
		broker_close(broker);
	broker_free(broker);
	return fine;
}

static bool check_options(const struct replay_options *options)
{
	if (options->force && (options->reason == NULL || *options->reason == '\0')) {
		complain("--force makes events take effect again: it needs --reason, which the log keeps");
		return false;
	}
	if (options->force && options->outputs) {
		complain("--force and --resend-outputs do not go together: what is forced makes its own outputs");
		return false;
	}
	return true;
}

static bool agreed(const struct replay_plan *plan, const struct replay_options *options)
{
	size_t again = 0;

	for (size_t i = 0; i < plan->count; i++)
		again += plan->errands[i].effect == EFFECT_AGAIN;
	if (!options->force || options->yes || again == 0)
		return true;
	if (again > REPLAYED_MAX) {
		complain("--force takes at most %d events at once, and these are %zu", REPLAYED_MAX, again);
		return false;
	}
	if (confirmed("%zu deliveries will take effect a second time.", again))
		return true;
	complain("nothing was sent: --yes says that it is meant");
	return false;
}

static int replay(const struct replay_options *options, struct event_set *set, struct replay_plan *plan)
{
	if (!replay_plan_make(plan, set, options->service_name, options->force))
		return EXIT_COULD_NOT;
	print_plan(plan, options);
	if (!options->send) {
		if (!options->json && plan->count > 0)
			printf("Nothing was sent: with --send it is.\n");
		return EXIT_DONE;
	}
	if (!agreed(plan, options) || !carry_out(plan, options))
		return EXIT_COULD_NOT;
	if (!options->json)
		printf("%zu sent\n", plan->count);
	return EXIT_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct replay_options options = {.service_name = NULL};
	struct event_set set;
	struct replay_plan plan = {.errands = NULL};

	if (!command_read(command, argc, argv, &options) || !check_options(&options))
		return EXIT_COULD_NOT;
	event_set_init(&set);
	int code = choose_events(&set, &options) ? EXIT_DONE : EXIT_COULD_NOT;
	if (code == EXIT_DONE && set.count == 0) {
		complain("no event in %s is meant by that; comanda events list shows what there is", LOG_QUEUE);
		code = EXIT_COULD_NOT;
	}
	if (code == EXIT_DONE)
		code = replay(&options, &set, &plan);
	replay_plan_done(&plan);
	event_set_done(&set);
	return code;
}

static const struct option table[] = {
	FILTER_OPTIONS(struct replay_options),
	{"--limit", OPTION_COUNT, offsetof(struct replay_options, filter.limit), "N", "no more events than so many"},
	{"--service", OPTION_SERVICE, offsetof(struct replay_options, service_name), "NAME",
	 "to that service's queue alone"},
	{"--send", OPTION_FLAG, offsetof(struct replay_options, send), NULL, "do it; otherwise it is only shown"},
	{"--resend-outputs", OPTION_FLAG, offsetof(struct replay_options, outputs), NULL,
	 "what was said in answer, instead"},
	{"--force", OPTION_FLAG, offsetof(struct replay_options, force), NULL, "let them take effect a second time"},
	{"--reason", OPTION_TEXT, offsetof(struct replay_options, reason), "TEXT",
	 "why, with --force: the log keeps it"},
	{"--yes", OPTION_FLAG, offsetof(struct replay_options, yes), NULL, "do not ask, with --force"},
	JSON_OPTION(struct replay_options),
	{.name = NULL},
};

const struct command cmd_replay = {
	.name = "replay",
	.meaning = "delivers events of the log again; without --send only says what would happen",
	.options = table,
	.run = run,
	.examples = "comanda replay --order 01a2010f-0847-78db-883b-5a6e21181252\n"
		    "comanda replay --from 15m --type order.confirmed --service products --send\n"
		    "comanda replay --event 01a2010f-0847-78db-883b-5a6e21181252 --resend-outputs --send\n"
		    "comanda replay --event 01a2010f-0847-78db-883b-5a6e21181252 --service products \\\n"
		    "    --force --reason 'restored from a backup' --send\n",
	.notes = PLACE_NOTES "Events go to the queues of those who listen to them, never to the exchange:\n"
			     "the log does not grow by them. What a consumer has handled, it drops.\n"
			     "--resend-outputs finds in the log, by causationid, what consumers said in\n"
			     "answer to the events chosen, and sends that. --force makes the consumer forget\n"
			     "that it heard them; it writes the event operator.replayed first. They are then\n"
			     "decided anew: what an order or a reservation itself remembers changes nothing\n"
			     "there, what it has lost takes effect.\n",
};
