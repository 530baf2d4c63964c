/* Begins and ends the spans of publications. */
#include "telemetry/publish_span.h"

#include <stdio.h>
#include <string.h>

#include "core/timestamp.h"

static void end_one(const struct publish_span *publish, int64_t start_us, int64_t now_us, bool arrived)
{
	struct trace_span span = {.at = publish->at,
				  .kind = SPAN_PRODUCER,
				  .start_us = start_us,
				  .end_us = now_us,
				  .message_id = publish->id,
				  .subject = publish->subject,
				  .about = publish->about,
				  .error = arrived ? NULL : "not_confirmed"};

	memcpy(span.parent, publish->parent, sizeof(span.parent));
	snprintf(span.name, sizeof(span.name), "publish %s", publish->type);
	span_attribute(&span, "messaging.system", "rabbitmq");
	span_attribute(&span, "messaging.operation.type", "send");
	span_attribute(&span, "messaging.destination.name", "events");
	span_queue(&span);
}

void publish_spans_end(const struct publish_span *spans, size_t count, int64_t start_us, bool arrived)
{
	const int64_t now = count == 0 ? 0 : timestamp_now();

	for (size_t i = 0; i < count; i++)
		end_one(&spans[i], start_us, now, arrived);
}
