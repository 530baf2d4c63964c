/* A position in a trace, as W3C Trace Context (version 00) writes it. Pure, apart from random span ids. */
#ifndef TELEMETRY_TRACE_H
#define TELEMETRY_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACEPARENT_TEXT = 55, TRACE_ID_TEXT = 32 }; /* characters, without the closing NUL */

/* A span of a trace. All zero: none. */
struct trace {
	uint8_t id[16], span[8];
	bool sampled; /* false: its spans are not recorded */
};

/* False, with *ret_trace all zero, for a text that version 00 does not allow, and for NULL. */
bool trace_parse(const char *traceparent, struct trace *ret_trace);
void trace_text(const struct trace *trace, char ret_text[static TRACEPARENT_TEXT + 1]);
/* Writes only the trace id, for logs, and returns `ret_text`. NULL for a text that trace_parse refuses. */
const char *trace_id_of(const char *traceparent, char ret_text[static TRACE_ID_TEXT + 1]);
/* A new span of the same trace. */
struct trace trace_child(const struct trace *parent);
/* The first span of a new, sampled trace. `id`: 16 bytes that no other trace has; NULL: random ones. */
struct trace trace_root(const uint8_t *id);

#endif
