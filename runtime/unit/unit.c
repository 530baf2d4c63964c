/* Making a unit of work, and reading its outputs and deadlines. */
#include "unit/unit_private.h"

#include <assert.h>
#include <string.h>

enum { ARRAY_FIRST = 16 };

void *array_add(struct array *array, struct arena *arena, size_t size)
{
	if (array->count == array->room) {
		size_t room = array->room > 0 ? 2 * array->room : ARRAY_FIRST;
		void *items = arena_new(arena, room, size);

		if (array->count > 0)
			memcpy(items, array->items, array->count * size);
		array->items = items;
		array->room = room;
	}
	return (char *)array->items + array->count++ * size;
}

struct unit *unit_make(struct arena *arena, const char *service)
{
	struct unit *unit = arena_new(arena, 1, sizeof *unit);

	unit->arena = arena;
	unit->service = service;
	unit->keys.arena = arena;
	unit->final = arena_new(arena, 1, sizeof *unit->final);
	return unit;
}

struct keys *unit_keys(struct unit *unit)
{
	return &unit->keys;
}

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
	/* Equal ones stay in the order of the decisions: they lie in one array. */
	return order != 0 ? order : (*first > *second) - (*first < *second);
}

static void sort_deadlines(const struct unit *unit)
{
	const struct deadline *deadlines = unit->deadlines.items;
	const size_t deadline_count = unit->deadlines.count;
	const struct deadline **sorted = arena_new(unit->arena, deadline_count + 1, sizeof(struct deadline *));
	struct deadline *final = arena_new(unit->arena, deadline_count + 1, sizeof *final);
	size_t count = 0;

	for (size_t i = 0; i < deadline_count; i++)
		sorted[i] = &deadlines[i];
	qsort(sorted, deadline_count, sizeof(struct deadline *), compare_deadlines);
	for (size_t i = 0; i < deadline_count; i++)
		if (i + 1 == deadline_count || sorted[i]->type != sorted[i + 1]->type ||
		    !uuid_equal(&sorted[i]->subject, &sorted[i + 1]->subject))
			final[count++] = *sorted[i];
	*unit->final = (struct final_deadlines){final, count};
}

size_t unit_deadlines(const struct unit *unit, const struct deadline **ret_deadlines)
{
	assert(!unit_is_deciding(unit));
	if (unit->final->items == NULL)
		sort_deadlines(unit);
	*ret_deadlines = unit->final->items;
	return unit->final->count;
}
