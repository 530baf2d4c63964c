/* Spans in OpenTelemetry's sense (`struct trace_span`): an operation of a trace with its start and end. Ended spans
 * wait in one bounded queue for the thread that exports them (telemetry/otlp.h). A full queue drops and counts them. A
 * caller begins a span only if tracing_on(). */
#ifndef TELEMETRY_SPAN_H
#define TELEMETRY_SPAN_H

#include <stddef.h>

#include "core/uuid.h"
#include "telemetry/trace.h"

/* The numbers of OTLP. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };

/* Its texts live as long as the program. */
struct span_attribute {
	const char *name;
	const char *text; /* NULL: `number` is the value */
	int64_t number;
};

enum {
	SPAN_NAME = 95,      /* bytes */
	SPAN_ATTRIBUTES = 6, /* attributes */
	SPAN_LINKS = 128     /* the limit of OpenTelemetry's SDKs */
};

struct trace_span {
	char name[SPAN_NAME + 1];
	struct trace at;
	uint8_t parent[8]; /* all zero: none */
	enum span_kind kind;
	int64_t start_us, end_us; /* wall clock */
	const char *error;        /* the name of a status; NULL: no error */
	struct uuid message_id;   /* nil: none */
	struct uuid subject;      /* nil: none */
	const char *about;        /* the attribute that holds the subject, without "comanda."; NULL: none */
	struct span_attribute attributes[SPAN_ATTRIBUTES];
	struct trace *links; /* owned, from mem_new; NULL: none */
	size_t link_count, links_dropped;
};

bool tracing_on(void);
/* Allocates the queue. From now on spans are recorded. Called once, before other threads start. */
void tracing_start(void);

/* Begins a child of `parent`, or a root span if the parent is NULL or not sampled. `span->at` is its own position. */
void span_begin(struct trace_span *span, enum span_kind kind, const char *name, const struct trace *parent);
void span_attribute(struct trace_span *span, const char *name, const char *text);
void span_count(struct trace_span *span, const char *name, int64_t number);
/* Ends the span now and queues it. The queue owns its links from here on. */
void span_end(struct trace_span *span);
/* The same for a span whose end is set. */
void span_queue(struct trace_span *span);

/* Takes at most `room` spans out of the queue, for the one exporting thread. The caller frees their links. */
size_t span_take(struct trace_span *ret_spans, size_t room);

/* The current span of the calling thread: the parent of its database round trips. NULL: none is recorded. */
void tracing_set_current(const struct trace *at);
const struct trace *tracing_current(void);

/* Counts spans by their result: "exported" or "dropped". */
void tracing_count(const char *outcome, int64_t count);

#endif
