/* What becomes of events that were handed in: the consumer's inbox has them, or its dead letters have them again. */
#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/dead/redrive.h"
#include "ctl/lib/dedup_admin.h"
#include "ctl/lib/event_log.h"

/* A dead letter that the broker has confirmed to its sender is with us in the same moment, or nearly so. */
#define QUIET_US (300 * MS_US)
#define LOOK_US  (100 * MS_US)

struct watch {
	struct redrive *redrive;
	bool *claimed; /* a redriven's events are in the inbox, or were answered */
	size_t open;   /* those that wait */
};

static void take_refusal(struct watch *watch, const struct letter *again)
{
	for (size_t i = 0; i < watch->redrive->count; i++) {
		struct redriven *item = &watch->redrive->items[i];

		/* A letter that was there before cannot be an answer to what was sent after it. */
		if (item->fate != FATE_WAITS || !uuid_equal(&item->letter->ids[0], &again->ids[0]) ||
		    (again->last_us != INT_ABSENT && again->last_us < watch->redrive->sent_us - SECOND_US))
			continue;
		item->fate = FATE_REFUSED;
		item->code = again->code;
		item->why = again->reason;
		watch->open--;
		return;
	}
}

/* Takes the refusals that have come in; at least one wait of `quiet_us` without any. */
static void take_refusals(struct watch *watch, int64_t quiet_us)
{
	struct letter again;

	while (watch->open > 0 && dead_next(watch->redrive->queue, quiet_us, &again))
		take_refusal(watch, &again);
}

/* The last event of a batch is claimed with the others, or after them. */
static bool look_at_inbox(struct watch *watch)
{
	struct redrive *redrive = watch->redrive;
	struct uuid *ids = mem_new(redrive->count + 1, sizeof(*ids));
	int64_t *processed_us = mem_new(redrive->count + 1, sizeof(*processed_us));
	size_t count = 0;

	for (size_t i = 0; i < redrive->count; i++) {
		const struct letter *letter = redrive->items[i].letter;

		if (redrive->items[i].fate == FATE_WAITS && !watch->claimed[i])
			ids[count++] = letter->ids[letter->id_count - 1];
	}
	const bool fine = dedup_look(redrive->db, ids, count, redrive->sent_us, processed_us);
	for (size_t i = 0, n = 0; fine && i < redrive->count; i++)
		if (redrive->items[i].fate == FATE_WAITS && !watch->claimed[i])
			watch->claimed[i] = processed_us[n++] != INT_ABSENT;
	free(ids);
	free(processed_us);
	return fine;
}

/* users keeps no inbox: what it says in answer is in the log. */
static bool look_at_log(struct watch *watch)
{
	const struct log_range range = {.from = {.kind = PLACE_TIME, .at_us = watch->redrive->sent_us - SECOND_US},
					.quiet = true};
	struct eventlog *log;
	struct logged event;
	enum log_step step;

	if (!eventlog_open(&range, &log))
		return false;
	while ((step = eventlog_next(log, &event)) == LOG_EVENT)
		for (size_t i = 0; i < watch->redrive->count; i++)
			if (uuid_equal(&watch->redrive->items[i].letter->ids[0], &event.cause))
				watch->claimed[i] = true;
	eventlog_free(log);
	return step == LOG_END;
}

/* What was claimed and is not among the dead letters once all of those have arrived, is handled. */
static bool settle(struct watch *watch)
{
	int64_t open = 1;
	bool any = false;

	for (size_t i = 0; i < watch->redrive->count; i++)
		any = any || (watch->redrive->items[i].fate == FATE_WAITS && watch->claimed[i]);
	if (!any)
		return true;
	if (!claims_letters_open(watch->redrive->db, &open))
		return false;
	if (open > 0)
		return true;
	take_refusals(watch, QUIET_US);
	for (size_t i = 0; i < watch->redrive->count; i++)
		if (watch->redrive->items[i].fate == FATE_WAITS && watch->claimed[i]) {
			watch->redrive->items[i].fate = FATE_HANDLED;
			watch->open--;
		}
	return true;
}

bool redrive_watch(struct redrive *redrive)
{
	const int64_t until = monotonic_now() + redrive->wait_us;
	struct watch watch = {.redrive = redrive,
			      .claimed = arena_new(&redrive->queue->arena, redrive->count + 1, sizeof(bool))};
	bool fine = true;

	for (size_t i = 0; i < redrive->count; i++)
		watch.open += redrive->items[i].fate == FATE_WAITS;
	const size_t sent = watch.open;
	while (fine && watch.open > 0 && monotonic_now() < until && !interrupted()) {
		take_refusals(&watch, LOOK_US);
		fine = dedup_is_kept(redrive->queue->service_name) ? look_at_inbox(&watch) : look_at_log(&watch);
		fine = fine && settle(&watch);
		progress("waiting for what becomes of them", (int64_t)(sent - watch.open), (int64_t)sent);
	}
	progress_end();
	return fine;
}
