/* The spans of events on their way to the broker. The span of a subscriber is below the span of the publication, so
 * that span is chosen when the event is written. It ends when the broker has confirmed the event, or has not. */
#ifndef TELEMETRY_PUBLISH_SPAN_H
#define TELEMETRY_PUBLISH_SPAN_H

#include "telemetry/span.h"

struct publish_span {
	struct trace at;
	uint8_t parent[8];
	struct uuid id, subject;
	const char *type, *about; /* the contract's */
};

/* They were submitted at `start_us` (wall clock). `arrived`: the broker has them. Otherwise the sweep sends them,
 * without a span of its own. */
void publish_spans_end(const struct publish_span *spans, size_t count, int64_t start_us, bool arrived);

#endif
