/* Collects and sorts entries. */
#include "ctl/sandbox/versions.h"

static void add(struct versions *versions, const struct version_entry *entry)
{
	if (versions->count == versions->room) {
		versions->room = versions->room == 0 ? 4096 : versions->room * 2;
		versions->entries = mem_grow(versions->entries, versions->room * sizeof(*versions->entries));
	}
	versions->entries[versions->count] = *entry;
	versions->entries[versions->count].event = versions->event;
	versions->entries[versions->count++].time_us = versions->time_us;
}

void versions_made(struct versions *versions, const struct aggregate *kind, const struct uuid *id, int64_t sequence)
{
	add(versions, &(struct version_entry){.kind = kind, .id = *id, .sequence = sequence});
}

void versions_seen(struct versions *versions, const struct aggregate *kind, const struct uuid *id, int64_t sequence)
{
	add(versions, &(struct version_entry){.kind = kind, .id = *id, .sequence = sequence, .seen = true});
}

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare(const void *first, const void *second)
{
	const struct version_entry *a = first, *b = second;
	int order = (a->kind > b->kind) - (a->kind < b->kind);

	if (order == 0)
		order = uuid_compare(&a->id, &b->id);
	if (order == 0)
		order = compare_numbers(a->sequence, b->sequence);
	if (order == 0)
		order = a->seen - b->seen;
	if (order == 0)
		order = compare_numbers(a->time_us, b->time_us);
	return order != 0 ? order : (a->event > b->event) - (a->event < b->event);
}

void versions_sort(struct versions *versions)
{
	qsort(versions->entries, versions->count, sizeof(*versions->entries), compare);
}

size_t versions_group(const struct versions *versions, size_t first)
{
	size_t last = first + 1;

	while (last < versions->count && versions->entries[last].kind == versions->entries[first].kind &&
	       uuid_equal(&versions->entries[last].id, &versions->entries[first].id))
		last++;
	return last - first;
}
