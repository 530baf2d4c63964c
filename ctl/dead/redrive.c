/* Planning and sending. redrive_watch.c looks what comes of it. */
#include "ctl/dead/redrive.h"

#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/dedup_admin.h"
#include "ctl/lib/requeue.h"
#include "json/value.h"

const char *const fate_names[] = {
	[FATE_TO_SEND] = "to be sent",    [FATE_HANDLED] = "handled", [FATE_BEFORE] = "handled before",
	[FATE_REFUSED] = "refused again", [FATE_WAITS] = "waits",     [FATE_NOT_SENT] = "not sent",
	[FATE_FORGED] = "forged",
};

/* It counts as handled where each of its events has a claim that is younger than the letter. */
static enum fate plan_one(const struct letter *letter, const int64_t *processed_us)
{
	const int64_t died = letter->last_us == INT_ABSENT ? INT64_MIN + 1 : letter->last_us;
	size_t handled = 0;

	/* Handed in by an operator, it would pass for genuine. */
	if (strcmp(letter->code, "wrong_sender") == 0)
		return FATE_FORGED;
	for (size_t i = 0; i < letter->id_count; i++)
		handled += processed_us[i] != INT_ABSENT && processed_us[i] > died;
	return handled == letter->id_count && handled > 0 ? FATE_BEFORE : FATE_TO_SEND;
}

bool redrive_plan(struct redrive *redrive)
{
	redrive->count = redrive->queue->count;
	redrive->items = arena_new(&redrive->queue->arena, redrive->count + 1, sizeof(*redrive->items));
	for (size_t i = 0; i < redrive->count; i++) {
		const struct letter *letter = &redrive->queue->letters[i];
		int64_t *claimed = arena_new(&redrive->queue->arena, letter->id_count + 1, sizeof(*claimed));

		for (size_t id = 0; id < letter->id_count; id++)
			claimed[id] = INT_ABSENT;
		if (dedup_is_kept(letter->service_name) &&
		    !dedup_look(redrive->db, letter->ids, letter->id_count, letter->last_us, claimed))
			return false;
		redrive->items[i] = (struct redriven){.letter = letter, .fate = plan_one(letter, claimed)};
	}
	return true;
}

/* Those made with the letter alone: should the consumer handle an earlier copy just now, that stays handled. */
static bool forget_dedup(struct redrive *redrive)
{
	size_t room = 0, count = 0;

	if (!dedup_is_kept(redrive->queue->service_name))
		return true;
	for (size_t i = 0; i < redrive->count; i++)
		room += redrive->items[i].letter->id_count;
	struct uuid *ids = arena_new(&redrive->queue->arena, room + 1, sizeof(*ids));
	int64_t *no_later = arena_new(&redrive->queue->arena, room + 1, sizeof(*no_later));
	for (size_t i = 0; i < redrive->count; i++) {
		const struct letter *letter = redrive->items[i].letter;

		for (size_t id = 0; redrive->items[i].fate == FATE_TO_SEND && id < letter->id_count; id++) {
			ids[count] = letter->ids[id];
			no_later[count++] = letter->last_us == INT_ABSENT ? 0 : letter->last_us;
		}
	}
	return claims_forget(redrive->db, ids, no_later, count);
}

static bool is_batch(const struct letter *letter)
{
	return letter->json != NULL && json_type(letter->json) == JSON_ARRAY;
}

/* Publishes, and drops from the dead letters what the broker has confirmed. */
static bool send_all(struct redrive *redrive)
{
	struct arena *arena = &redrive->queue->arena;
	struct handed *messages = arena_new(arena, redrive->count + 1, sizeof(*messages));
	struct redriven **items = arena_new(arena, redrive->count + 1, sizeof(struct redriven *));
	const struct uuid nil = {{0}};
	size_t count = 0;

	for (size_t i = 0; i < redrive->count; i++) {
		const struct letter *letter = redrive->items[i].letter;

		if (redrive->items[i].fate != FATE_TO_SEND)
			continue;
		items[count] = &redrive->items[i];
		messages[count++] = (struct handed){
			.queue = arena_format(arena, "%s.events", redrive->queue->service_name),
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
		items[i]->fate = messages[i].fate == HANDED_IN ? FATE_WAITS : FATE_NOT_SENT;
		if (items[i]->fate == FATE_WAITS && dead_forget(redrive->queue, items[i]->letter) != OK)
			fine = false; /* it comes back, and is then found to be handled */
	}
	return fine;
}

bool redrive_send(struct redrive *redrive)
{
	for (size_t i = 0; i < redrive->count; i++)
		if (redrive->items[i].fate == FATE_BEFORE &&
		    dead_forget(redrive->queue, redrive->items[i].letter) != OK)
			return false;
	return forget_dedup(redrive) && send_all(redrive);
}
