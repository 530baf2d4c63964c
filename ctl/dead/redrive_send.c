/* Plans a redrive and sends. */
#include "ctl/dead/redrive.h"

#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/dedup_admin.h"
#include "ctl/lib/requeue.h"
#include "json/value.h"

const char *const redrive_outcome_names[] = {
	[REDRIVE_TO_SEND] = "to be sent",    [REDRIVE_HANDLED] = "handled", [REDRIVE_HANDLED_BEFORE] = "handled before",
	[REDRIVE_REFUSED] = "refused again", [REDRIVE_WAITING] = "waits",   [REDRIVE_NOT_SENT] = "not sent",
	[REDRIVE_FORGED] = "forged",
};

/* Processed before: the inbox has a record of each event that is younger than the dead letter. */
static enum redrive_outcome plan_one(const struct dead_letter *letter, const int64_t *processed_us)
{
	const int64_t dead_at = letter->last_us == INT_ABSENT ? INT64_MIN + 1 : letter->last_us;
	size_t handled = 0;

	/* The consumer would accept it from an operator's account. */
	if (strcmp(letter->code, "wrong_sender") == 0)
		return REDRIVE_FORGED;
	for (size_t i = 0; i < letter->id_count; i++)
		handled += processed_us[i] != INT_ABSENT && processed_us[i] > dead_at;
	return handled == letter->id_count && handled > 0 ? REDRIVE_HANDLED_BEFORE : REDRIVE_TO_SEND;
}

bool redrive_plan(struct redrive *redrive)
{
	redrive->count = redrive->queue->count;
	redrive->items = arena_new(&redrive->queue->arena, redrive->count + 1, sizeof(*redrive->items));
	for (size_t i = 0; i < redrive->count; i++) {
		const struct dead_letter *letter = &redrive->queue->letters[i];
		int64_t *processed_us = arena_new(&redrive->queue->arena, letter->id_count + 1, sizeof(*processed_us));

		for (size_t id = 0; id < letter->id_count; id++)
			processed_us[id] = INT_ABSENT;
		if (service_has_inbox(letter->service) &&
		    !dedup_find(redrive->db, letter->ids, letter->id_count, letter->last_us, processed_us))
			return false;
		redrive->items[i] = (struct redriven){.letter = letter, .outcome = plan_one(letter, processed_us)};
	}
	return true;
}

/* Deletes only records that were made with the dead letter. If the consumer processes an earlier copy at this moment,
 * that record stays. */
static bool delete_records(struct redrive *redrive)
{
	size_t room = 0, count = 0;

	if (!service_has_inbox(redrive->queue->service))
		return true;
	for (size_t i = 0; i < redrive->count; i++)
		room += redrive->items[i].letter->id_count;
	struct uuid *ids = arena_new(&redrive->queue->arena, room + 1, sizeof(*ids));
	int64_t *no_later = arena_new(&redrive->queue->arena, room + 1, sizeof(*no_later));
	for (size_t i = 0; i < redrive->count; i++) {
		const struct dead_letter *letter = redrive->items[i].letter;

		for (size_t id = 0; redrive->items[i].outcome == REDRIVE_TO_SEND && id < letter->id_count; id++) {
			ids[count] = letter->ids[id];
			no_later[count++] = letter->last_us == INT_ABSENT ? 0 : letter->last_us;
		}
	}
	return dedup_forget(redrive->db, ids, no_later, count);
}

static bool is_batch(const struct dead_letter *letter)
{
	return letter->json != NULL && json_type(letter->json) == JSON_ARRAY;
}

/* Publishes, and drops the dead letters whose copies the broker has confirmed. */
static bool send_all(struct redrive *redrive)
{
	struct arena *arena = &redrive->queue->arena;
	struct requeue_message *messages = arena_new(arena, redrive->count + 1, sizeof(*messages));
	struct redriven **items = arena_new(arena, redrive->count + 1, sizeof(struct redriven *));
	const struct uuid nil = {{0}};
	size_t count = 0;

	for (size_t i = 0; i < redrive->count; i++) {
		const struct dead_letter *letter = redrive->items[i].letter;

		if (redrive->items[i].outcome != REDRIVE_TO_SEND)
			continue;
		items[count] = &redrive->items[i];
		messages[count++] = (struct requeue_message){
			.queue = event_queue_of(redrive->queue->service, arena),
			.type = letter->type,
			.id = is_batch(letter) ? nil : letter->ids[0],
			.correlation = letter->order,
			.body = letter->body,
			.batch = is_batch(letter),
		};
	}
	redrive->sent_us = timestamp_now();
	bool fine = requeue(redrive->queue->broker, messages, count, "redriving");
	for (size_t i = 0; i < count; i++) {
		items[i]->outcome = messages[i].result == REQUEUE_CONFIRMED ? REDRIVE_WAITING : REDRIVE_NOT_SENT;
		if (items[i]->outcome == REDRIVE_WAITING && dead_queue_drop(redrive->queue, items[i]->letter) != OK)
			fine = false; /* it stays a dead letter; the next redrive finds it processed */
	}
	return fine;
}

bool redrive_send(struct redrive *redrive)
{
	for (size_t i = 0; i < redrive->count; i++)
		if (redrive->items[i].outcome == REDRIVE_HANDLED_BEFORE &&
		    dead_queue_drop(redrive->queue, redrive->items[i].letter) != OK)
			return false;
	return delete_records(redrive) && send_all(redrive);
}
