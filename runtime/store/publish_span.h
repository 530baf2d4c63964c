/* The spans of events on their way to the broker. Who hears an event is below the span of its publication, so that span
 * is chosen when the event is written; it ends when the broker has confirmed it, or has not. */
#ifndef STORE_PUBLISH_SPAN_H
#define STORE_PUBLISH_SPAN_H

#include "telemetry/span.h"

struct publish_span {
	struct trace at;
	uint8_t parent[8];
	struct uuid id, subject;
	const char *type, *about; /* the contract's */
};

/* They were handed over at `start_us` (wall clock); `arrived`: the broker has them. Otherwise the outbox's sweep will
 * send them, without a span of its own. */
void publish_spans_end(const struct publish_span *told, size_t count, int64_t start_us, bool arrived);

#endif
