/* A bounded lock-free queue for many producers (Dmitry Vyukov, "Bounded MPMC queue"): each cell has a sequence number
 * that says which position may use it next. */
#include "telemetry/span.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/timestamp.h"
#include "telemetry/metrics.h"

enum { CELLS = 4096 }; /* a power of two */

struct cell {
	atomic_size_t sequence;
	struct trace_span span;
};

/* Allocated once, before other threads start. NULL: nothing is recorded. */
static struct cell *cells;
static atomic_size_t next_in, next_out;

static _Thread_local const struct trace *current;

static struct metric spans_total = {
	.name = "comanda_spans_total", .help = "Spans recorded, by result", .type = COUNTER, .label = "result"};

bool tracing_on(void)
{
	return cells != NULL;
}

void tracing_start(void)
{
	struct cell *new_cells = mem_new(CELLS, sizeof(*new_cells));

	for (size_t i = 0; i < CELLS; i++)
		atomic_init(&new_cells[i].sequence, i);
	cells = new_cells;
	tracing_count("exported", 0);
	tracing_count("dropped", 0);
}

void tracing_count(const char *outcome, int64_t count)
{
	metric_add(&spans_total, outcome, count);
}

/* ---- one span ---- */

void span_begin(struct trace_span *span, enum span_kind kind, const char *name, const struct trace *parent)
{
	*span = (struct trace_span){.kind = kind, .start_us = timestamp_now()};
	snprintf(span->name, sizeof(span->name), "%s", name);
	if (parent == NULL || !parent->sampled) {
		span->at = trace_root(NULL);
		return;
	}
	span->at = trace_child(parent);
	memcpy(span->parent, parent->span, sizeof(span->parent));
}

static void add_attribute(struct trace_span *span, struct span_attribute attribute)
{
	for (size_t i = 0; i < SPAN_ATTRIBUTES; i++)
		if (span->attributes[i].name == NULL) {
			span->attributes[i] = attribute;
			return;
		}
}

void span_attribute(struct trace_span *span, const char *name, const char *text)
{
	if (text != NULL)
		add_attribute(span, (struct span_attribute){.name = name, .text = text});
}

void span_count(struct trace_span *span, const char *name, int64_t number)
{
	add_attribute(span, (struct span_attribute){.name = name, .number = number});
}

void span_end(struct trace_span *span)
{
	span->end_us = timestamp_now();
	span_queue(span);
}

/* ---- the queue ---- */

/* Takes the cell at *next if its sequence is `ahead` of that position. NULL: the queue is full (0) or empty (1). */
static struct cell *take_cell(atomic_size_t *next, size_t ahead, size_t *ret_position)
{
	size_t position = atomic_load_explicit(next, memory_order_relaxed);

	for (;;) {
		struct cell *cell = &cells[position % CELLS];
		const size_t sequence = atomic_load_explicit(&cell->sequence, memory_order_acquire);

		if (sequence == position + ahead) {
			if (atomic_compare_exchange_weak_explicit(next, &position, position + 1, memory_order_relaxed,
								  memory_order_relaxed)) {
				*ret_position = position;
				return cell;
			}
		} else if ((ptrdiff_t)(sequence - (position + ahead)) < 0) {
			return NULL;
		} else {
			position = atomic_load_explicit(next, memory_order_relaxed);
		}
	}
}

void span_queue(struct trace_span *span)
{
	size_t position;
	struct cell *cell = cells == NULL ? NULL : take_cell(&next_in, 0, &position);

	if (cell == NULL) {
		free(span->links);
		tracing_count("dropped", 1);
		return;
	}
	cell->span = *span;
	atomic_store_explicit(&cell->sequence, position + 1, memory_order_release);
}

size_t span_take(struct trace_span *ret_spans, size_t room)
{
	size_t taken = 0, position;
	struct cell *cell;

	while (taken < room && (cell = take_cell(&next_out, 1, &position)) != NULL) {
		ret_spans[taken++] = cell->span;
		atomic_store_explicit(&cell->sequence, position + CELLS, memory_order_release);
	}
	return taken;
}

/* ---- the current span of a thread ---- */

void tracing_set_current(const struct trace *at)
{
	current = at;
}

const struct trace *tracing_current(void)
{
	return current;
}
