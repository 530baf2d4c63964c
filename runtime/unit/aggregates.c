/* The aggregates of a unit of work: by kind and id, loaded, missing, changed. */
#include "unit/unit_private.h"

#include <assert.h>
#include <string.h>

enum { SLOTS_FIRST = 16 };

/* ---- tables of slots ---- */

struct table *table_of(struct keys *keys, const struct aggregate *kind)
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

/* The place of the slot of `id`, or the free place for it. */
static struct slot **slot_place(const struct table *table, const struct uuid *id)
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
			*slot_place(table, &old[i]->entry.id) = old[i];
}

struct slot *slot_find(struct unit *unit, const struct aggregate *kind, const struct uuid *id)
{
	return *slot_place(table_of(&unit->keys, kind), id);
}

struct slot *slot_make(struct keys *keys, const struct aggregate *kind, const struct uuid *id)
{
	struct table *table = table_of(keys, kind);
	struct slot **place = slot_place(table, id);

	if (*place != NULL)
		return *place;
	if (2 * (table->count + 1) > table->room) {
		table_grow(table, keys->arena);
		place = slot_place(table, id);
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
	table_of(keys, kind)->ids = NULL;
}

void keys_add(struct keys *keys, const struct aggregate *kind, const struct uuid *id)
{
	keys_add_new(keys, kind, id);
	slot_make(keys, kind, id)->look_up = true;
}

void keys_assume_new(struct keys *keys)
{
	keys->assume_new = true;
}

/* Whether the aggregate counts as absent without a look at the database. */
static bool is_assumed_absent(const struct keys *keys, const struct slot *slot)
{
	return keys->assume_new && slot->named && !slot->look_up && slot->entry.data == NULL;
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static void sort_ids(struct table *table, struct arena *arena)
{
	table->ids = arena_new(arena, table->count + 1, sizeof *table->ids);
	table->id_count = 0;
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i] != NULL && table->slots[i]->named)
			table->ids[table->id_count++] = table->slots[i]->entry.id;
	qsort(table->ids, table->id_count, sizeof *table->ids, compare_ids);
}

size_t keys_sorted(struct keys *keys, const struct aggregate *kind, const struct uuid **ret_ids)
{
	struct table *table = table_of(keys, kind);

	if (table->ids == NULL)
		sort_ids(table, keys->arena);
	*ret_ids = table->ids;
	return table->id_count;
}

size_t keys_missing(struct keys *keys, const struct aggregate *kind, const struct uuid **ret_ids)
{
	const struct table *table = table_of(keys, kind);
	const struct uuid *named;
	const size_t count = keys_sorted(keys, kind, &named);
	struct uuid *missing = arena_new(keys->arena, count + 1, sizeof *missing);
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		const struct slot *slot = *slot_place(table, &named[i]);

		if (slot->entry.data == NULL && !is_assumed_absent(keys, slot))
			missing[left++] = named[i];
	}
	*ret_ids = missing;
	return left;
}

/* ---- loading ---- */

struct entry *unit_put(struct unit *unit, const struct aggregate *kind, const struct uuid *id, void *data)
{
	struct slot *slot = slot_make(&unit->keys, kind, id);

	assert(data != NULL);
	slot->entry.data = data;
	slot->entry.found = true;
	return &slot->entry;
}

bool unit_made(struct unit *unit, const struct aggregate *kind, const struct uuid *id)
{
	const struct slot *slot = slot_find(unit, kind, id);

	return slot != NULL && slot->entry.data != NULL && !slot->entry.found;
}

/* ---- what a save needs ---- */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *const *first = a, *const *second = b;

	return uuid_compare(&(*first)->id, &(*second)->id);
}

static void sort_changed(struct table *table, const struct unit *unit)
{
	table->changed = arena_new(unit->arena, table->count + 1, sizeof(struct entry *));
	table->changed_count = 0;
	table->changed_at = unit->decision;
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i] != NULL && table->slots[i]->entry.changed)
			table->changed[table->changed_count++] = &table->slots[i]->entry;
	qsort(table->changed, table->changed_count, sizeof(struct entry *), compare_entries);
}

size_t unit_changed(struct unit *unit, const struct aggregate *kind, struct entry ***ret_entries)
{
	struct table *table = table_of(&unit->keys, kind);

	assert(!unit_is_deciding(unit));
	if (table->changed == NULL || table->changed_at != unit->decision)
		sort_changed(table, unit);
	*ret_entries = table->changed;
	return table->changed_count;
}

static bool assumptions_hold(const struct keys *keys, const struct table *table)
{
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i] != NULL && is_assumed_absent(keys, table->slots[i]))
			return false;
	return true;
}

bool unit_assumptions_hold(const struct unit *unit)
{
	const struct table *table = unit->keys.tables;

	while (table != NULL && assumptions_hold(&unit->keys, table))
		table = table->next;
	return table == NULL;
}

size_t unit_unvalidated(struct unit *unit, const struct aggregate *kind, struct entry ***ret_entries)
{
	const struct table *table = table_of(&unit->keys, kind);
	struct entry **entries = arena_new(unit->arena, table->count + 1, sizeof(struct entry *));
	size_t count = 0;

	assert(!unit_is_deciding(unit));
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i] != NULL && table->slots[i]->entry.from_cache && !table->slots[i]->entry.changed)
			entries[count++] = &table->slots[i]->entry;
	*ret_entries = entries;
	return count;
}
