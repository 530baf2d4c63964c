/* The queue is a bounded one for many producers (Dmitry Vyukov, "Bounded MPMC queue"): each place has a ticket that
 * says whose turn it is, so that nobody waits for anybody. */
#include "telemetry/span.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/timestamp.h"
#include "telemetry/metrics.h"

enum { PLACES = 4096 }; /* a power of two */

struct place {
	atomic_size_t ticket;
	struct trace_span span;
};

/* Made once, before there are other threads; NULL: nothing is recorded. */
static struct place *places;
static atomic_size_t next_in, next_out;

static _Thread_local const struct trace *here;

static struct metric confirms = {
	.name = "comanda_spans_total", .help = "Spans recorded, by result", .type = COUNTER, .label = "result"};

bool tracing_on(void)
{
	return places != NULL;
}

void tracing_start(void)
{
	struct place *made = mem_new(PLACES, sizeof(*made));

	for (size_t i = 0; i < PLACES; i++)
		atomic_init(&made[i].ticket, i);
	places = made;
	tracing_counted("exported", 0);
	tracing_counted("dropped", 0);
}

void tracing_counted(const char *outcome, int64_t count)
{
	metric_add(&confirms, outcome, count);
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

static void add_note(struct trace_span *span, struct span_attribute note)
{
	for (size_t i = 0; i < SPAN_ATTRIBUTES; i++)
		if (span->notes[i].name == NULL) {
			span->notes[i] = note;
			return;
		}
}

void span_attribute(struct trace_span *span, const char *name, const char *text)
{
	if (text != NULL)
		add_note(span, (struct span_attribute){.name = name, .text = text});
}

void span_count(struct trace_span *span, const char *name, int64_t number)
{
	add_note(span, (struct span_attribute){.name = name, .number = number});
}

void span_end(struct trace_span *span)
{
	span->end_us = timestamp_now();
	span_queue(span);
}

/* ---- the queue ---- */

/* The place at *next whose ticket is `ahead` of it, taken; NULL: the queue is full, or empty. */
static struct place *claim(atomic_size_t *next, size_t ahead, size_t *ret_turn)
{
	size_t turn = atomic_load_explicit(next, memory_order_relaxed);

	for (;;) {
		struct place *place = &places[turn % PLACES];
		const size_t ticket = atomic_load_explicit(&place->ticket, memory_order_acquire);

		if (ticket == turn + ahead) {
			if (atomic_compare_exchange_weak_explicit(next, &turn, turn + 1, memory_order_relaxed,
								  memory_order_relaxed)) {
				*ret_turn = turn;
				return place;
			}
		} else if ((ptrdiff_t)(ticket - (turn + ahead)) < 0) {
			return NULL;
		} else {
			turn = atomic_load_explicit(next, memory_order_relaxed);
		}
	}
}

void span_queue(struct trace_span *span)
{
	size_t turn;
	struct place *place = places == NULL ? NULL : claim(&next_in, 0, &turn);

	if (place == NULL) {
		free(span->links);
		tracing_counted("dropped", 1);
		return;
	}
	place->span = *span;
	atomic_store_explicit(&place->ticket, turn + 1, memory_order_release);
}

size_t span_take(struct trace_span *ret_spans, size_t room)
{
	size_t taken = 0, turn;
	struct place *place;

	while (taken < room && (place = claim(&next_out, 1, &turn)) != NULL) {
		ret_spans[taken++] = place->span;
		atomic_store_explicit(&place->ticket, turn + PLACES, memory_order_release);
	}
	return taken;
}

/* ---- where a thread is ---- */

void tracing_enter(const struct trace *at)
{
	here = at;
}

const struct trace *tracing_here(void)
{
	return here;
}
