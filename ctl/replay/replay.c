/* comanda replay: sends events of the log again to the queues that are bound for them. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/dedup_admin.h"
#include "ctl/lib/requeue.h"
#include "ctl/replay/audit.h"

struct replay_options {
	struct event_filter filter;
	const struct service *service; /* NULL: all */
	const char *reason;
	bool send, outputs, force, yes, json;
};

/* The events that the filter selects, or with --resend-outputs the events that they caused. */
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
	/* An answer is later than its cause in time. It may stand before the cause in the log. */
	struct event_log *log = NULL;
	struct log_event event;
	const int64_t first = causes.count == 0 ? timestamp_now() : causes.events[0].time_us;
	fine = fine &&
	       event_log_open(&(struct log_range){.from = {.kind = POSITION_TIME, .at_us = first - MINUTE_US}}, &log);
	for (enum log_step step = LOG_EVENT; fine && (step = event_log_next(log, &event)) != LOG_END;) {
		fine = step != LOG_FAILED;
		for (size_t i = 0; fine && i < causes.count; i++)
			if (uuid_equal(&causes.events[i].id, &event.cause))
				event_set_add(set, &event);
	}
	event_log_free(log);
	event_set_done(&causes);
	event_set_unique(set);
	return fine;
}

static void print_delivery(const struct replay_delivery *delivery, const struct replay_options *options)
{
	char id[UUID_TEXT + 1];
	struct json_object object;

	uuid_text(&delivery->event->id, id);
	if (!options->json) {
		printf("%7lld  %-17s → %-15s  %s%s%s\n", (long long)delivery->event->offset, delivery->event->type,
		       delivery->queue,
		       delivery->effect == EFFECT_AGAIN    ? tint(TINT_BAD)
		       : delivery->effect == EFFECT_HANDLE ? tint(TINT_NOTICE)
							   : tint(TINT_DIM),
		       effect_names[delivery->effect], tint(TINT_NONE));
		return;
	}
	json_object_open(&object);
	json_object_int(&object, "offset", delivery->event->offset);
	json_object_text(&object, "event_id", id);
	json_object_text(&object, "type", delivery->event->type);
	json_object_text(&object, "queue", delivery->queue);
	json_object_text(&object, "effect", effect_names[delivery->effect]);
	json_object_bool(&object, "sent", options->send);
	json_object_print(&object);
}

static void print_plan(const struct replay_plan *plan, const struct replay_options *options)
{
	size_t of[EFFECTS] = {0};
	const size_t shown = options->json || plan->count <= 40 ? plan->count : 20;

	for (size_t i = 0; i < plan->count; i++)
		of[plan->deliveries[i].effect]++;
	for (size_t i = 0; i < shown; i++)
		print_delivery(&plan->deliveries[i], options);
	if (options->json)
		return;
	if (shown < plan->count)
		printf("        … and %zu more (--json shows all)\n", plan->count - shown);
	printf("\n%zu deliveries", plan->count);
	for (int effect = 0; effect < EFFECTS; effect++)
		if (of[effect] > 0)
			printf("; %zu: %s", of[effect], effect_names[effect]);
	printf("\n");
	if (plan->unbound > 0)
		printf("%zu events have no consumer there, and are not sent\n", plan->unbound);
}

/* Deletes the inbox records of events that are to take effect again. */
static bool delete_records(const struct replay_plan *plan)
{
	for (const struct service *const *service = services; *service != NULL; service++) {
		struct uuid *ids = mem_new(plan->count + 1, sizeof(*ids));
		int64_t *no_later_us = mem_new(plan->count + 1, sizeof(*no_later_us));
		size_t count = 0;
		bool fine = true;

		for (size_t i = 0; i < plan->count; i++)
			if (plan->deliveries[i].service == *service && plan->deliveries[i].effect == EFFECT_AGAIN) {
				no_later_us[count] = INT64_MAX;
				ids[count++] = plan->deliveries[i].event->id;
			}
		struct db *db = count == 0 ? NULL : connect_database(*service);
		if (count > 0)
			fine = db != NULL && dedup_forget(db, ids, no_later_us, count);
		db_free(db);
		free(ids);
		free(no_later_us);
		if (!fine)
			return false;
	}
	return true;
}

static bool send_plan(struct broker *broker, const struct replay_plan *plan)
{
	struct requeue_message *messages = mem_new(plan->count + 1, sizeof(*messages));

	for (size_t i = 0; i < plan->count; i++) {
		const struct kept_event *event = plan->deliveries[i].event;

		messages[i] = (struct requeue_message){.queue = plan->deliveries[i].queue,
						       .type = event->type,
						       .id = event->id,
						       .correlation = event->order,
						       .body = event->text};
	}
	const bool fine = requeue(broker, messages, plan->count, "replaying");
	free(messages);
	return fine;
}

/* The audit event comes first: a replay that cannot be recorded is not done. */
static bool carry_out(const struct replay_plan *plan, const struct replay_options *options)
{
	struct broker *broker = connect_broker("replay", true);
	bool fine = broker != NULL;

	if (fine && options->force)
		fine = replay_audit(broker, plan, options->reason) && delete_records(plan);
	fine = fine && send_plan(broker, plan);
	if (broker != NULL)
		broker_close(broker);
	broker_free(broker);
	return fine;
}

static bool check_options(const struct replay_options *options)
{
	if (options->force && (options->reason == NULL || *options->reason == '\0')) {
		print_error("--force makes events take effect again: it needs --reason, which the log keeps");
		return false;
	}
	if (options->force && options->outputs) {
		print_error("--force and --resend-outputs exclude each other: a forced event makes its own outputs");
		return false;
	}
	return true;
}

static bool agreed(const struct replay_plan *plan, const struct replay_options *options)
{
	size_t again = 0;

	for (size_t i = 0; i < plan->count; i++)
		again += plan->deliveries[i].effect == EFFECT_AGAIN;
	if (!options->force || options->yes || again == 0)
		return true;
	if (again > REPLAYED_MAX) {
		print_error("--force takes at most %d events at once, and these are %zu", REPLAYED_MAX, again);
		return false;
	}
	if (confirm("%zu deliveries will take effect a second time.", again))
		return true;
	print_error("nothing was sent: --yes confirms it");
	return false;
}

static int replay(const struct replay_options *options, struct event_set *set, struct replay_plan *plan)
{
	if (!replay_plan_make(plan, set, options->service, options->force))
		return EXIT_FAILED;
	print_plan(plan, options);
	if (!options->send) {
		if (!options->json && plan->count > 0)
			printf("Nothing was sent: with --send it is.\n");
		return EXIT_DONE;
	}
	if (!agreed(plan, options) || !carry_out(plan, options))
		return EXIT_FAILED;
	if (!options->json)
		printf("%zu sent\n", plan->count);
	return EXIT_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct replay_options options = {.service = NULL};
	struct event_set set;
	struct replay_plan plan = {.deliveries = NULL};

	if (!command_read(command, argc, argv, &options) || !check_options(&options))
		return EXIT_FAILED;
	event_set_init(&set);
	int code = choose_events(&set, &options) ? EXIT_DONE : EXIT_FAILED;
	if (code == EXIT_DONE && set.count == 0) {
		print_error("no event in %s is selected by that; comanda events list shows what there is", LOG_QUEUE);
		code = EXIT_FAILED;
	}
	if (code == EXIT_DONE)
		code = replay(&options, &set, &plan);
	replay_plan_done(&plan);
	event_set_done(&set);
	return code;
}

static const struct option table[] = {
	FILTER_OPTIONS(struct replay_options),
	OPTION("--limit", option_limit, struct replay_options, filter.limit, "N", "at most so many events"),
	OPTION("--service", option_service, struct replay_options, service, "NAME", "only to that service's queue"),
	OPTION("--send", option_flag, struct replay_options, send, NULL, "do it; otherwise it is only shown"),
	OPTION("--resend-outputs", option_flag, struct replay_options, outputs, NULL,
	       "send the answers to these events instead"),
	OPTION("--force", option_flag, struct replay_options, force, NULL, "let them take effect a second time"),
	OPTION("--reason", option_text, struct replay_options, reason, "TEXT", "why, with --force: the log keeps it"),
	OPTION("--yes", option_flag, struct replay_options, yes, NULL, "do not ask, with --force"),
	JSON_OPTION(struct replay_options),
	END_OF_OPTIONS,
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
	.notes = POSITION_NOTES "Events go to the queues that are bound for them, never to the exchange: the\n"
				"log does not grow. A consumer drops events that it has handled before.\n"
				"--resend-outputs finds the answers to the selected events in the log, by\n"
				"causationid, and sends these. --force deletes the consumers' records of the\n"
				"events, after it has published the event operator.replayed. The consumers\n"
				"then process them again. An order or a reservation that itself knows the\n"
				"event does not change; one that has lost it does.\n",
};
