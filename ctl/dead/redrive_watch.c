/* Finds the outcome of events that were sent: the consumer's inbox records them, or they are dead letters again. */
#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/dead/redrive.h"
#include "ctl/lib/dedup_admin.h"
#include "ctl/lib/event_log.h"

/* The broker delivers a dead letter to us within this time after it has confirmed it to its sender. */
#define QUIET_US (300 * MS_US)
#define POLL_US  (100 * MS_US)

struct watch {
	struct redrive *redrive;
	bool *processed; /* per item: its events are in the inbox, or were answered */
	size_t waiting;  /* items whose outcome is not known yet */
};

static void take_refusal(struct watch *watch, const struct dead_letter *again)
{
	for (size_t i = 0; i < watch->redrive->count; i++) {
		struct redriven *item = &watch->redrive->items[i];

		/* A dead letter that is older than the redrive is not its result. */
		if (item->outcome != REDRIVE_WAITING || !uuid_equal(&item->letter->ids[0], &again->ids[0]) ||
		    (again->last_us != INT_ABSENT && again->last_us < watch->redrive->sent_us - SECOND_US))
			continue;
		item->outcome = REDRIVE_REFUSED;
		item->code = again->code;
		item->reason = again->reason;
		watch->waiting--;
		return;
	}
}

/* Takes the refusals that have arrived, until none arrives for `quiet_us`. */
static void take_refusals(struct watch *watch, int64_t quiet_us)
{
	struct dead_letter again;

	while (watch->waiting > 0 && dead_queue_next(watch->redrive->queue, quiet_us, &again))
		take_refusal(watch, &again);
}

/* Of a batch the last event suffices: it is recorded together with the others, or after them. */
static bool search_inbox(struct watch *watch)
{
	struct redrive *redrive = watch->redrive;
	struct uuid *ids = mem_new(redrive->count + 1, sizeof(*ids));
	int64_t *processed_us = mem_new(redrive->count + 1, sizeof(*processed_us));
	size_t count = 0;

	for (size_t i = 0; i < redrive->count; i++) {
		const struct dead_letter *letter = redrive->items[i].letter;

		if (redrive->items[i].outcome == REDRIVE_WAITING && !watch->processed[i])
			ids[count++] = letter->ids[letter->id_count - 1];
	}
	const bool fine = dedup_find(redrive->db, ids, count, redrive->sent_us, processed_us);
	for (size_t i = 0, n = 0; fine && i < redrive->count; i++)
		if (redrive->items[i].outcome == REDRIVE_WAITING && !watch->processed[i])
			watch->processed[i] = processed_us[n++] != INT_ABSENT;
	free(ids);
	free(processed_us);
	return fine;
}

/* A service without an inbox: its answers are in the log. */
static bool search_log(struct watch *watch)
{
	const struct log_range range = {.from = {.kind = POSITION_TIME, .at_us = watch->redrive->sent_us - SECOND_US},
					.quiet = true};
	struct event_log *log;
	struct log_event event;
	enum log_step step;

	if (!event_log_open(&range, &log))
		return false;
	while ((step = event_log_next(log, &event)) == LOG_EVENT)
		for (size_t i = 0; i < watch->redrive->count; i++)
			if (uuid_equal(&watch->redrive->items[i].letter->ids[0], &event.cause))
				watch->processed[i] = true;
	event_log_free(log);
	return step == LOG_END;
}

/* An event counts as handled when the inbox records it and it is no dead letter. The inbox also records an event that
 * became a dead letter. So all dead letters in the outbox must have arrived first. */
static bool take_handled(struct watch *watch)
{
	int64_t unsent = 1;
	bool any = false;

	for (size_t i = 0; i < watch->redrive->count; i++)
		any = any || (watch->redrive->items[i].outcome == REDRIVE_WAITING && watch->processed[i]);
	if (!any)
		return true;
	if (!unsent_dead_letters(watch->redrive->db, &unsent))
		return false;
	if (unsent > 0)
		return true;
	take_refusals(watch, QUIET_US);
	for (size_t i = 0; i < watch->redrive->count; i++)
		if (watch->redrive->items[i].outcome == REDRIVE_WAITING && watch->processed[i]) {
			watch->redrive->items[i].outcome = REDRIVE_HANDLED;
			watch->waiting--;
		}
	return true;
}

bool redrive_watch(struct redrive *redrive)
{
	const int64_t until = monotonic_now() + redrive->wait_us;
	struct watch watch = {.redrive = redrive,
			      .processed = arena_new(&redrive->queue->arena, redrive->count + 1, sizeof(bool))};
	bool fine = true;

	for (size_t i = 0; i < redrive->count; i++)
		watch.waiting += redrive->items[i].outcome == REDRIVE_WAITING;
	const size_t sent = watch.waiting;
	while (fine && watch.waiting > 0 && monotonic_now() < until && !interrupted()) {
		take_refusals(&watch, POLL_US);
		fine = service_has_inbox(redrive->queue->service) ? search_inbox(&watch) : search_log(&watch);
		fine = fine && take_handled(&watch);
		progress("waiting for the outcome", (int64_t)(sent - watch.waiting), (int64_t)sent);
	}
	progress_end();
	return fine;
}
