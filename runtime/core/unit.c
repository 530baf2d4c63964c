/* The unit of work: aggregates by id, what one decision changed, what all decisions said. */
#include "core/unit.h"

#include <assert.h>
#include <string.h>

enum { SLOTS_FIRST = 16, LIST_FIRST = 16, MADE_THINGS = 0x8000 };

/* An aggregate's entry and what undoing the present decision would need. */
struct slot {
	struct entry entry;
	bool named;        /* by a handler's keys */
	bool looked_for;   /* by one that does not make it */
	unsigned decision; /* the last one that changed it */
	bool was_there, was_changed;
	void *saved; /* kind->size bytes as they were before that decision; made on first use */
};

/* The slots of one kind: open addressing, a power of two, never more than half full. The two lists are what was sorted
 * of it last, for whoever asks again: each step of a save does. */
struct table {
	struct table *next;
	const struct aggregate *kind;
	struct slot **slots;
	size_t room, count;

	struct uuid *names; /* sorted; NULL: one was added since */
	size_t name_count;
	struct entry **changed; /* sorted, as they are after decision `changed_by`; NULL: never sorted */
	size_t changed_count;
	unsigned changed_by;
};

struct keys {
	struct arena *arena;
	struct table *tables; /* a handful */
	bool optimistic;      /* what is not looked for is not there */
};

/* An array that grows in the arena. */
struct growing {
	void *items;
	size_t count, room;
};

struct last_deadlines {
	struct deadline *items; /* NULL: not sorted since the last decision */
	size_t count;
};

struct unit {
	struct arena *arena;
	const char *consumer;
	struct keys keys;
	struct growing outputs, deadlines;
	struct last_deadlines *last; /* as unit_deadlines gives them */

	/* the decision under way */
	unsigned decision;
	const struct message *message;
	int64_t now_us;
	size_t item;
	size_t first_output;
	struct decision_result result;
	bool made_before;       /* what it wants to make was loaded */
	struct growing touched; /* struct slot *: what this decision changed */
};

/* ---- arrays and tables ---- */

static void *growing_add(struct growing *list, struct arena *arena, size_t size)
{
	if (list->count == list->room) {
		size_t room = list->room > 0 ? 2 * list->room : LIST_FIRST;
		void *items = arena_new(arena, room, size);

		if (list->count > 0)
			memcpy(items, list->items, list->count * size);
		list->items = items;
		list->room = room;
	}
	return (char *)list->items + list->count++ * size;
}

static struct table *table_of(struct keys *keys, const struct aggregate *kind)
{
	struct table *table = keys->tables;

	while (table != NULL && table->kind != kind)
		table = table->next;
	if (table != NULL)
		return table;
	table = arena_new(keys->arena, 1, sizeof *table);
	*table = (struct table){
		.next = keys->tables,
		.kind = kind,
		.slots = arena_new(keys->arena, SLOTS_FIRST, sizeof(struct slot *)),
		.room = SLOTS_FIRST,
	};
	keys->tables = table;
	return table;
}

/* Where the slot of `id` is, or would be. */
static struct slot **table_place(const struct table *table, const struct uuid *id)
{
	size_t index = uuid_hash(id) & (table->room - 1);

	while (table->slots[index] != NULL && !uuid_equal(&table->slots[index]->entry.id, id))
		index = (index + 1) & (table->room - 1);
	return &table->slots[index];
}

static void table_grow(struct table *table, struct arena *arena)
{
	struct slot **old = table->slots;
	size_t old_room = table->room;

	table->room *= 2;
	table->slots = arena_new(arena, table->room, sizeof(struct slot *));
	for (size_t i = 0; i < old_room; i++)
		if (old[i] != NULL)
			*table_place(table, &old[i]->entry.id) = old[i];
}

static struct slot *slot_find(struct unit *unit, const struct aggregate *kind, const struct uuid *id)
{
	return *table_place(table_of(&unit->keys, kind), id);
}

static struct slot *slot_make(struct keys *keys, const struct aggregate *kind, const struct uuid *id)
{
	struct table *table = table_of(keys, kind);
	struct slot **place = table_place(table, id);

	if (*place != NULL)
		return *place;
	if (2 * (table->count + 1) > table->room) {
		table_grow(table, keys->arena);
		place = table_place(table, id);
	}
	table->count++;
	*place = arena_new(keys->arena, 1, sizeof **place);
	(*place)->entry = (struct entry){.kind = kind, .id = *id};
	return *place;
}

/* ---- keys ---- */

void keys_add_new(struct keys *keys, const struct aggregate *kind, const struct uuid *id)
{
	slot_make(keys, kind, id)->named = true;
	table_of(keys, kind)->names = NULL;
}

void keys_add(struct keys *keys, const struct aggregate *kind, const struct uuid *id)
{
	keys_add_new(keys, kind, id);
	slot_make(keys, kind, id)->looked_for = true;
}

void keys_assume_new(struct keys *keys)
{
	keys->optimistic = true;
}

/* A slot whose aggregate counts as not there. */
static bool is_hoped(const struct keys *keys, const struct slot *slot)
{
	return keys->optimistic && slot->named && !slot->looked_for && slot->entry.data == NULL;
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static void sort_names(struct table *table, struct arena *arena)
{
	table->names = arena_new(arena, table->count + 1, sizeof *table->names);
	table->name_count = 0;
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i] != NULL && table->slots[i]->named)
			table->names[table->name_count++] = table->slots[i]->entry.id;
	qsort(table->names, table->name_count, sizeof *table->names, compare_ids);
}

size_t keys_sorted(struct keys *keys, const struct aggregate *kind, const struct uuid **ret_ids)
{
	struct table *table = table_of(keys, kind);

	if (table->names == NULL)
		sort_names(table, keys->arena);
	*ret_ids = table->names;
	return table->name_count;
}

size_t keys_missing(struct keys *keys, const struct aggregate *kind, const struct uuid **ret_ids)
{
	const struct table *table = table_of(keys, kind);
	const struct uuid *named;
	const size_t count = keys_sorted(keys, kind, &named);
	struct uuid *missing = arena_new(keys->arena, count + 1, sizeof *missing);
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		const struct slot *slot = *table_place(table, &named[i]);

		if (slot->entry.data == NULL && !is_hoped(keys, slot))
			missing[left++] = named[i];
	}
	*ret_ids = missing;
	return left;
}

/* ---- making, loading ---- */

struct unit *unit_make(struct arena *arena, const char *consumer)
{
	struct unit *unit = arena_new(arena, 1, sizeof *unit);

	unit->arena = arena;
	unit->consumer = consumer;
	unit->keys.arena = arena;
	unit->last = arena_new(arena, 1, sizeof *unit->last);
	return unit;
}

struct keys *unit_keys(struct unit *unit)
{
	return &unit->keys;
}

struct entry *unit_put(struct unit *unit, const struct aggregate *kind, const struct uuid *id, void *data)
{
	struct slot *slot = slot_make(&unit->keys, kind, id);

	assert(data != NULL);
	slot->entry.data = data;
	slot->entry.found = true;
	return &slot->entry;
}

/* ---- what a decision may do ---- */

static bool deciding(const struct unit *unit)
{
	return unit->message != NULL;
}

/* Remembers, once a decision, how the slot was. */
static void slot_touch(struct unit *unit, struct slot *slot)
{
	struct entry *entry = &slot->entry;

	assert(deciding(unit));
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
	*(struct slot **)growing_add(&unit->touched, unit->arena, sizeof slot) = slot;
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
	unit->made_before |= slot->entry.data != NULL;
	slot_touch(unit, slot);
	slot->entry.data = arena_new(unit->arena, 1, kind->size);
	slot->entry.changed = true;
	return slot->entry.data;
}

int64_t unit_now(const struct unit *unit)
{
	return unit->now_us;
}

struct uuid unit_id(const struct unit *unit, unsigned index)
{
	assert(deciding(unit) && index < MADE_THINGS);
	return uuid_derive(unit->consumer, &unit->message->id, index | MADE_THINGS, unit->message->time_us);
}

struct arena *unit_arena(struct unit *unit)
{
	return unit->arena;
}

struct uuid unit_event(struct unit *unit, int type, const struct uuid *subject, int64_t sequence, const void *body)
{
	unsigned index = (unsigned)(unit->outputs.count - unit->first_output);
	struct output *event;

	assert(deciding(unit) && index < MADE_THINGS);
	event = growing_add(&unit->outputs, unit->arena, sizeof *event);
	*event = (struct output){
		.id = uuid_derive(unit->consumer, &unit->message->id, index, unit->message->time_us),
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
	assert(deciding(unit));
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

	assert(deciding(unit) && status != OK);
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
	assert(deciding(unit));
	*(struct deadline *)growing_add(&unit->deadlines, unit->arena, sizeof(struct deadline)) = (struct deadline){
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

/* ---- running decisions ---- */

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

	assert(!deciding(unit));
	unit->decision++;
	unit->last->items = NULL;
	unit->message = message;
	unit->now_us = now_us;
	unit->item = item;
	unit->first_output = outputs;
	unit->result = (struct decision_result){.status = OK};
	unit->made_before = false;
	unit->touched.count = 0;
	unit->result.status = decide(unit, message);
	if (unit->made_before)
		unit->result.status = E_RETRY;
	if (unit->result.status != OK)
		undo(unit, outputs, deadlines);
	unit->message = NULL;
	return unit->result;
}

/* ---- what was decided ---- */

size_t unit_outputs(const struct unit *unit, const struct output **ret_outputs)
{
	*ret_outputs = unit->outputs.items;
	return unit->outputs.count;
}

static int compare_deadlines(const void *a, const void *b)
{
	const struct deadline *const *first = a, *const *second = b;
	int order = uuid_compare(&(*first)->subject, &(*second)->subject);

	if (order == 0)
		order = ((*first)->type > (*second)->type) - ((*first)->type < (*second)->type);
	/* Of equal ones, in order of decision: they lie in one array. */
	return order != 0 ? order : (*first > *second) - (*first < *second);
}

static void sort_deadlines(const struct unit *unit)
{
	const struct deadline *said = unit->deadlines.items;
	const size_t said_count = unit->deadlines.count;
	const struct deadline **sorted = arena_new(unit->arena, said_count + 1, sizeof(struct deadline *));
	struct deadline *last = arena_new(unit->arena, said_count + 1, sizeof *last);
	size_t count = 0;

	for (size_t i = 0; i < said_count; i++)
		sorted[i] = &said[i];
	qsort(sorted, said_count, sizeof(struct deadline *), compare_deadlines);
	for (size_t i = 0; i < said_count; i++)
		if (i + 1 == said_count || sorted[i]->type != sorted[i + 1]->type ||
		    !uuid_equal(&sorted[i]->subject, &sorted[i + 1]->subject))
			last[count++] = *sorted[i];
	*unit->last = (struct last_deadlines){last, count};
}

size_t unit_deadlines(const struct unit *unit, const struct deadline **ret_deadlines)
{
	assert(!deciding(unit));
	if (unit->last->items == NULL)
		sort_deadlines(unit);
	*ret_deadlines = unit->last->items;
	return unit->last->count;
}

bool unit_made(struct unit *unit, const struct aggregate *kind, const struct uuid *id)
{
	const struct slot *slot = slot_find(unit, kind, id);

	return slot != NULL && slot->entry.data != NULL && !slot->entry.found;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *const *first = a, *const *second = b;

	return uuid_compare(&(*first)->id, &(*second)->id);
}

static void sort_changed(struct table *table, const struct unit *unit)
{
	table->changed = arena_new(unit->arena, table->count + 1, sizeof(struct entry *));
	table->changed_count = 0;
	table->changed_by = unit->decision;
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i] != NULL && table->slots[i]->entry.changed)
			table->changed[table->changed_count++] = &table->slots[i]->entry;
	qsort(table->changed, table->changed_count, sizeof(struct entry *), compare_entries);
}

size_t unit_changed(struct unit *unit, const struct aggregate *kind, struct entry ***ret_entries)
{
	struct table *table = table_of(&unit->keys, kind);

	assert(!deciding(unit));
	if (table->changed == NULL || table->changed_by != unit->decision)
		sort_changed(table, unit);
	*ret_entries = table->changed;
	return table->changed_count;
}

static bool table_hopes_met(const struct keys *keys, const struct table *table)
{
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i] != NULL && is_hoped(keys, table->slots[i]))
			return false;
	return true;
}

bool unit_assumptions_hold(const struct unit *unit)
{
	const struct table *table = unit->keys.tables;

	while (table != NULL && table_hopes_met(&unit->keys, table))
		table = table->next;
	return table == NULL;
}

size_t unit_unvalidated(struct unit *unit, const struct aggregate *kind, struct entry ***ret_entries)
{
	const struct table *table = table_of(&unit->keys, kind);
	struct entry **unproven = arena_new(unit->arena, table->count + 1, sizeof(struct entry *));
	size_t count = 0;

	assert(!deciding(unit));
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i] != NULL && table->slots[i]->entry.from_cache && !table->slots[i]->entry.changed)
			unproven[count++] = &table->slots[i]->entry;
	*ret_entries = unproven;
	return count;
}
