/* Touches, fetched and sorted. */
#include "ctl/sandbox/versions.h"

static void add(struct versions *versions, const struct touch *touch)
{
	if (versions->count == versions->room) {
		versions->room = versions->room == 0 ? 4096 : versions->room * 2;
		versions->touches = mem_grow(versions->touches, versions->room * sizeof(*versions->touches));
	}
	versions->touches[versions->count] = *touch;
	versions->touches[versions->count].event = versions->event;
	versions->touches[versions->count++].time_us = versions->time_us;
}

void versions_made(struct versions *versions, const struct aggregate *kind, const struct uuid *id, int64_t sequence)
{
	add(versions, &(struct touch){.kind = kind, .id = *id, .sequence = sequence});
}

void versions_seen(struct versions *versions, const struct aggregate *kind, const struct uuid *id, int64_t sequence)
{
	add(versions, &(struct touch){.kind = kind, .id = *id, .sequence = sequence, .seen = true});
}

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare(const void *first, const void *second)
{
	const struct touch *a = first, *b = second;
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
	qsort(versions->touches, versions->count, sizeof(*versions->touches), compare);
}

size_t versions_run(const struct versions *versions, size_t first)
{
	size_t last = first + 1;

	while (last < versions->count && versions->touches[last].kind == versions->touches[first].kind &&
	       uuid_equal(&versions->touches[last].id, &versions->touches[first].id))
		last++;
	return last - first;
}
