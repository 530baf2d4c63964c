/* Where one is in a trace, as W3C Trace Context (version 00) writes it. Pure, but for the span ids, which are random.
 */
#ifndef TELEMETRY_TRACE_H
#define TELEMETRY_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACEPARENT_TEXT = 55, TRACE_ID_TEXT = 32 }; /* characters, without the closing NUL */

/* A trace, and a span in it. All zero: nowhere. */
struct trace {
	uint8_t id[16], span[8];
	bool sampled; /* somebody wants to see it; false: nothing is recorded */
};

/* False, with *ret_trace all zero, where the text (NULL: none) is not what version 00 allows. */
bool trace_parse(const char *traceparent, struct trace *ret_trace);
void trace_text(const struct trace *trace, char ret_text[static TRACEPARENT_TEXT + 1]);
/* Its trace id alone, for logs: what `ret_text` then holds; NULL where it is none. */
const char *trace_id_of(const char *traceparent, char ret_text[static TRACE_ID_TEXT + 1]);
/* A new span of the same trace. */
struct trace trace_child(const struct trace *parent);
/* The first span of a new, sampled trace. `id`: 16 bytes that are used for nothing else, or NULL. */
struct trace trace_root(const uint8_t *id);

#endif
