/* Decisions: what a decision may do, and how it is run and undone. */
#include "unit/unit_private.h"

#include <assert.h>
#include <string.h>

enum { IDS_FROM = 0x8000 /* indices of unit_id begin here, those of events at 0 */ };

/* ---- aggregates ---- */

/* Keeps the state of the slot before the decision, once per decision. */
static void slot_touch(struct unit *unit, struct slot *slot)
{
	struct entry *entry = &slot->entry;

	assert(unit_is_deciding(unit));
	if (slot->decision == unit->decision)
		return;
	slot->decision = unit->decision;
	slot->was_there = entry->data != NULL;
	slot->was_changed = entry->changed;
	if (entry->data != NULL) {
		if (slot->saved == NULL)
			slot->saved = arena_new(unit->arena, 1, entry->kind->size);
		memcpy(slot->saved, entry->data, entry->kind->size);
	}
	*(struct slot **)array_add(&unit->touched, unit->arena, sizeof slot) = slot;
}

const void *unit_get(struct unit *unit, const struct aggregate *kind, const struct uuid *id)
{
	const struct slot *slot = slot_find(unit, kind, id);

	return slot != NULL ? slot->entry.data : NULL;
}

void *unit_edit(struct unit *unit, const struct aggregate *kind, const struct uuid *id)
{
	struct slot *slot = slot_find(unit, kind, id);

	if (slot == NULL || slot->entry.data == NULL)
		return NULL;
	slot_touch(unit, slot);
	slot->entry.changed = true;
	return slot->entry.data;
}

void *unit_new(struct unit *unit, const struct aggregate *kind, const struct uuid *id)
{
	struct slot *slot = slot_make(&unit->keys, kind, id);

	assert(slot->entry.data == NULL || slot->entry.found);
	unit->creates_existing |= slot->entry.data != NULL;
	slot_touch(unit, slot);
	slot->entry.data = arena_new(unit->arena, 1, kind->size);
	slot->entry.changed = true;
	return slot->entry.data;
}

/* ---- outputs ---- */

int64_t unit_now(const struct unit *unit)
{
	return unit->now_us;
}

struct uuid unit_id(const struct unit *unit, unsigned index)
{
	assert(unit_is_deciding(unit) && index < IDS_FROM);
	return uuid_derive(unit->service, &unit->message->id, index | IDS_FROM, unit->message->time_us);
}

struct arena *unit_arena(struct unit *unit)
{
	return unit->arena;
}

struct uuid unit_event(struct unit *unit, int type, const struct uuid *subject, int64_t sequence, const void *body)
{
	unsigned index = (unsigned)(unit->outputs.count - unit->first_output);
	struct output *event;

	assert(unit_is_deciding(unit) && index < IDS_FROM);
	event = array_add(&unit->outputs, unit->arena, sizeof *event);
	*event = (struct output){
		.id = uuid_derive(unit->service, &unit->message->id, index, unit->message->time_us),
		.type = type,
		.subject = *subject,
		.sequence = sequence,
		.time_us = unit->now_us,
		.body = body,
		.item = unit->item,
	};
	return event->id;
}

void unit_reply(struct unit *unit, const void *body)
{
	assert(unit_is_deciding(unit));
	unit->result.reply = body;
	unit->result.secret = false;
}

void unit_reply_secret(struct unit *unit, const void *body)
{
	unit_reply(unit, body);
	unit->result.secret = true;
}

enum status unit_refuse(struct unit *unit, enum status status, const char *code, const char *field, const char *format,
			...)
{
	va_list args;

	assert(unit_is_deciding(unit) && status != OK);
	va_start(args, format);
	unit->result.refusal = (struct refusal){
		.status = status,
		.code = code,
		.detail = arena_vformat(unit->arena, format, args),
		.field = arena_text(unit->arena, field),
	};
	va_end(args);
	return status;
}

void unit_deadline(struct unit *unit, int type, const struct uuid *subject, int64_t due_us)
{
	assert(unit_is_deciding(unit));
	*(struct deadline *)array_add(&unit->deadlines, unit->arena, sizeof(struct deadline)) = (struct deadline){
		.type = type,
		.subject = *subject,
		.due_us = due_us,
		.item = unit->item,
	};
}

void unit_deadline_clear(struct unit *unit, int type, const struct uuid *subject)
{
	unit_deadline(unit, type, subject, INT64_MIN);
}

/* ---- running ---- */

static void slot_restore(struct slot *slot)
{
	struct entry *entry = &slot->entry;

	if (slot->was_there)
		memcpy(entry->data, slot->saved, entry->kind->size);
	else
		entry->data = NULL;
	entry->changed = slot->was_changed;
}

static void undo(struct unit *unit, size_t outputs, size_t deadlines)
{
	struct slot **touched = unit->touched.items;

	for (size_t i = 0; i < unit->touched.count; i++)
		slot_restore(touched[i]);
	unit->outputs.count = outputs;
	unit->deadlines.count = deadlines;
	unit->result.reply = NULL;
	unit->result.secret = false;
}

struct decision_result unit_decide(struct unit *unit, decide_function *decide, const struct message *message,
				   int64_t now_us, size_t item)
{
	size_t outputs = unit->outputs.count, deadlines = unit->deadlines.count;

	assert(!unit_is_deciding(unit));
	unit->decision++;
	unit->final->items = NULL;
	unit->message = message;
	unit->now_us = now_us;
	unit->item = item;
	unit->first_output = outputs;
	unit->result = (struct decision_result){.status = OK};
	unit->creates_existing = false;
	unit->touched.count = 0;
	unit->result.status = decide(unit, message);
	if (unit->creates_existing)
		unit->result.status = E_RETRY;
	if (unit->result.status != OK)
		undo(unit, outputs, deadlines);
	unit->message = NULL;
	return unit->result;
}
