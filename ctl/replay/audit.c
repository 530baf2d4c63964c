/* Writes and publishes operator.replayed: the operator, the events, the queues and the reason. */
#include "ctl/replay/audit.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cli/terminal.h"
#include "rpc/cloudevent.h"

#define CONFIRM_US (10 * SECOND_US)

static const char *operator_name(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *account = getpwuid(getuid());

	if (sudo != NULL && *sudo != '\0')
		return sudo;
	return account == NULL ? "unknown" : account->pw_name;
}

static bool contains(const char *const *texts, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(texts[i], text) == 0)
			return true;
	return false;
}

/* Of the deliveries that take effect again. */
static struct operator_replayed describe(struct arena *arena, const struct replay_plan *plan, const char *reason)
{
	const char **events = arena_new(arena, plan->count + 1, sizeof(char *));
	const char **queues = arena_new(arena, plan->count + 1, sizeof(char *));
	char host[200] = "";
	size_t event_count = 0, queue_count = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct replay_delivery *delivery = &plan->deliveries[i];
		char id[UUID_TEXT + 1];

		if (delivery->effect != EFFECT_AGAIN)
			continue;
		uuid_text(&delivery->event->id, id);
		if (!contains(events, event_count, id))
			events[event_count++] = arena_text(arena, id);
		if (!contains(queues, queue_count, delivery->queue))
			queues[queue_count++] = delivery->queue;
	}
	const bool named = gethostname(host, sizeof(host) - 1) == 0 && *host != '\0';
	return (struct operator_replayed){.by = operator_name(),
					  .host = named ? arena_text(arena, host) : "unknown",
					  .reason = reason,
					  .queues = {queues, queue_count},
					  .events = {events, event_count}};
}

static bool publish(struct broker *broker, const struct cloudevent *event)
{
	char id[UUID_TEXT + 1];
	struct confirm confirm = {.kind = CONFIRM_NACK};
	struct buffer body;
	const int64_t until = monotonic_now() + CONFIRM_US;

	uuid_text(&event->id, id);
	buffer_init(&body);
	cloudevent_write(&body, event);
	enum status status = broker_publish(broker,
					    &(struct publication){.exchange = "events",
								  .routing_key = event->type->name,
								  .content_type = CLOUDEVENT_TYPE,
								  .type = event->type->name,
								  .message_id = id,
								  .body = {body.bytes, body.size},
								  .persistent = true,
								  .mandatory = true},
					    NULL);
	size_t count = 0;
	while (status == OK && count == 0) {
		status = monotonic_now() > until ? E_TIMEOUT : broker_tick(broker, 100 * MS_US);
		count = broker_confirms(broker, &confirm, 1);
	}
	buffer_done(&body);
	return status == OK && confirm.kind == CONFIRM_ACK;
}

bool replay_audit(struct broker *broker, const struct replay_plan *plan, const char *reason)
{
	const int64_t now = timestamp_now();
	const struct uuid replayed = uuid_new(now);
	struct arena arena;

	arena_init(&arena);
	const struct operator_replayed body = describe(&arena, plan, reason);
	const bool fine = body.events.count == 0 || /* no delivery takes effect again */
			  publish(broker, &(struct cloudevent){.id = uuid_new(now),
							       .type = &comanda_contract.types[OPERATOR_REPLAYED],
							       .source = "operator",
							       .subject = replayed,
							       .sequence = 1,
							       .time_us = now,
							       .cause = replayed,
							       .body = &body});
	arena_done(&arena);
	if (!fine)
		print_error("the audit event could not be written, so nothing was replayed: %s", broker_detail(broker));
	return fine;
}
