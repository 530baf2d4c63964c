/* Events as they travel: CloudEvents 1.0, structured JSON mode (https://cloudevents.io, docs/reference/messages.md). */
#ifndef RPC_CLOUDEVENT_H
#define RPC_CLOUDEVENT_H

#include "json/json.h"

#define CLOUDEVENT_TYPE       "application/cloudevents+json"
#define CLOUDEVENT_BATCH_TYPE "application/cloudevents-batch+json"

/* Longer than any sane traceparent; W3C's is 55. */
enum { TRACEPARENT_MAX = 128 };

struct cloudevent {
	struct uuid id;
	const struct message_type *type;
	const char *source; /* the producer's name */
	struct uuid subject;
	int64_t sequence, time_us;
	struct uuid cause;       /* the message that caused it; nil: none */
	const char *traceparent; /* NULL: none */
	const void *body;        /* a struct of the type's schema */
};

/* Appends the event as one line of JSON. */
void cloudevent_write(struct buffer *out, const struct cloudevent *event);

/* Reads an event's envelope into a message (its body stays NULL) and finds its data (NULL: it has none).
 * E_MALFORMED, E_INVALID: no event; the faults say why. E_UNKNOWN_TYPE: an event of a type, or of a version, that this
 * build does not know; the message's id is set. */
must_check enum status cloudevent_read(const struct json *json, const struct contract *contract, struct arena *arena,
				       struct faults *faults, struct message *ret_message,
				       const struct json **ret_data);

#endif
