/* A topological order (A. B. Kahn, 1962). Of several decisions that are ready, the earliest comes first. */
#include "ctl/sandbox/schedule.h"

struct edge {
	size_t from, to;
};

struct schedule {
	struct edge *edges;
	size_t count, room;
};

struct schedule *schedule_new(void)
{
	return mem_new(1, sizeof(struct schedule));
}

void schedule_free(struct schedule *schedule)
{
	free(schedule->edges);
	free(schedule);
}

void schedule_edge(struct schedule *schedule, size_t from, size_t to)
{
	if (schedule->count == schedule->room) {
		schedule->room = schedule->room == 0 ? 4096 : schedule->room * 2;
		schedule->edges = mem_grow(schedule->edges, schedule->room * sizeof(*schedule->edges));
	}
	schedule->edges[schedule->count++] = (struct edge){from, to};
}

/* ---- the decisions that are ready: a heap with the earliest on top ---- */

struct heap {
	const struct plan *plan;
	size_t *numbers;
	size_t count;
};

static bool earlier(const struct plan *plan, size_t first, size_t second)
{
	const struct decision *a = &plan->decisions[first], *b = &plan->decisions[second];

	if (a->late != b->late)
		return b->late;
	if (a->late) /* these keep their order */
		return first < second;
	if (a->now_us != b->now_us)
		return a->now_us < b->now_us;
	return a->offset != b->offset ? a->offset < b->offset : first < second;
}

static void swap(struct heap *heap, size_t a, size_t b)
{
	const size_t number = heap->numbers[a];

	heap->numbers[a] = heap->numbers[b];
	heap->numbers[b] = number;
}

static void heap_put(struct heap *heap, size_t number)
{
	size_t at = heap->count++;

	heap->numbers[at] = number;
	while (at > 0 && earlier(heap->plan, heap->numbers[at], heap->numbers[(at - 1) / 2])) {
		swap(heap, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static size_t heap_take(struct heap *heap)
{
	const size_t top = heap->numbers[0];
	size_t at = 0;

	heap->numbers[0] = heap->numbers[--heap->count];
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < heap->count && earlier(heap->plan, heap->numbers[child], heap->numbers[least]))
				least = child;
		if (least == at)
			return top;
		swap(heap, at, least);
		at = least;
	}
}

/* ---- the order ---- */

static int by_from(const void *first, const void *second)
{
	const struct edge *a = first, *b = second;

	return a->from != b->from ? (a->from > b->from) - (a->from < b->from) : (a->to > b->to) - (a->to < b->to);
}

static void prepare(const struct schedule *schedule, struct plan *plan)
{
	if (schedule->count > 0)
		qsort(schedule->edges, schedule->count, sizeof(*schedule->edges), by_from);
	for (size_t i = 0; i < plan->count; i++)
		plan->decisions[i].first_edge = schedule->count;
	for (size_t i = schedule->count; i-- > 0;) {
		plan->decisions[schedule->edges[i].from].first_edge = i;
		plan->decisions[schedule->edges[i].to].dependencies++;
	}
}

bool schedule_run(const struct schedule *schedule, struct plan *plan)
{
	struct heap heap = {.plan = plan, .numbers = mem_new(plan->count + 1, sizeof(size_t))};
	size_t done = 0;

	prepare(schedule, plan);
	plan->in_order = mem_new(plan->count + 1, sizeof(size_t));
	for (size_t i = 0; i < plan->count; i++)
		if (plan->decisions[i].dependencies == 0)
			heap_put(&heap, i);
	while (heap.count > 0) {
		const size_t number = heap_take(&heap);

		plan->in_order[done++] = number;
		for (size_t edge = plan->decisions[number].first_edge;
		     edge < schedule->count && schedule->edges[edge].from == number; edge++)
			if (--plan->decisions[schedule->edges[edge].to].dependencies == 0)
				heap_put(&heap, schedule->edges[edge].to);
	}
	free(heap.numbers);
	return done == plan->count;
}
