/* See store/publish_span.h. */
#include "store/publish_span.h"

#include <stdio.h>
#include <string.h>

#include "core/timestamp.h"

static void end_one(const struct told *told, int64_t start_us, int64_t now_us, bool arrived)
{
	struct traced span = {.at = told->at,
			      .kind = SPAN_PRODUCER,
			      .start_us = start_us,
			      .end_us = now_us,
			      .message_id = told->id,
			      .subject = told->subject,
			      .about = told->about,
			      .error = arrived ? NULL : "not_confirmed"};

	memcpy(span.parent, told->parent, sizeof(span.parent));
	snprintf(span.name, sizeof(span.name), "publish %s", told->type);
	traced_note(&span, "messaging.system", "rabbitmq");
	traced_note(&span, "messaging.operation.type", "send");
	traced_note(&span, "messaging.destination.name", "events");
	traced_queue(&span);
}

void told_end(const struct told *told, size_t count, int64_t start_us, bool arrived)
{
	const int64_t now = count == 0 ? 0 : moment_now();

	for (size_t i = 0; i < count; i++)
		end_one(&told[i], start_us, now, arrived);
}
