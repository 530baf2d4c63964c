/* Spans in OpenTelemetry's sense, `struct trace_span` here: what took how long within a trace. They wait in one bounded
 * queue for the thread that exports them (otlp.h); where it is full, they are dropped and counted. Nobody begins one
 * unless tracing_on(). */
#ifndef TELEMETRY_SPAN_H
#define TELEMETRY_SPAN_H

#include <stddef.h>

#include "core/uuid.h"
#include "telemetry/trace.h"

/* As OTLP numbers them. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };

/* An attribute; its texts are constants, or live as long as the program. */
struct span_attribute {
	const char *name;
	const char *text; /* NULL: the number */
	int64_t number;
};

enum {
	SPAN_NAME = 95,      /* bytes */
	SPAN_ATTRIBUTES = 6, /* attributes */
	SPAN_LINKS = 128     /* links, as many as OpenTelemetry's SDKs keep */
};

struct trace_span {
	char name[SPAN_NAME + 1];
	struct trace at;
	uint8_t parent[8]; /* all zero: none */
	enum span_kind kind;
	int64_t start_us, end_us; /* wall clock */
	const char *error;        /* a status code's name; NULL: it went well */
	struct uuid message_id;   /* nil: none */
	struct uuid subject;      /* nil: none */
	const char *about;        /* what the subject is the id of: "order_id"; NULL: not known */
	struct span_attribute notes[SPAN_ATTRIBUTES];
	struct trace *links; /* its own, from malloc; NULL: none */
	size_t link_count, links_left_out;
};

bool tracing_on(void);
/* Makes room; from now on spans are recorded. Once, before there are other threads. */
void tracing_start(void);

/* Begins a span below `parent` (NULL, or not sampled: below nothing; `at` says where the span itself is). */
void span_begin(struct trace_span *span, enum span_kind kind, const char *name, const struct trace *parent);
void span_attribute(struct trace_span *span, const char *name, const char *text);
void span_count(struct trace_span *span, const char *name, int64_t number);
/* Ends it now and queues it. Takes over its links. */
void span_end(struct trace_span *span);
/* Queues one whose end is set. */
void span_queue(struct trace_span *span);

/* Takes at most `room` spans out of the queue, for the one thread that exports them. Their links are then its own. */
size_t span_take(struct trace_span *ret_spans, size_t room);

/* Where the calling thread is: below which database round trips are put. NULL: nowhere that is recorded. */
void tracing_enter(const struct trace *at);
const struct trace *tracing_here(void);

/* How many spans were "exported", or "dropped" on the way. */
void tracing_counted(const char *outcome, int64_t count);

#endif
