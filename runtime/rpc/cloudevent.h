/* Events as CloudEvents 1.0 in structured JSON mode (docs/reference/messages.md).
 * Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
#ifndef RPC_CLOUDEVENT_H
#define RPC_CLOUDEVENT_H

#include "json/json.h"

#define CLOUDEVENT_TYPE       "application/cloudevents+json"
#define CLOUDEVENT_BATCH_TYPE "application/cloudevents-batch+json"

/* The longest traceparent that is read. W3C Trace Context 1.0 has 55 characters. */
enum { TRACEPARENT_MAX = 128 };

struct cloudevent {
	struct uuid id;
	const struct message_type *type;
	const char *source; /* the producer's name */
	struct uuid subject;
	int64_t sequence, time_us;
	struct uuid cause;       /* id of the message that caused it; nil: none */
	const char *traceparent; /* NULL: none */
	const void *body;        /* a struct of the type's schema */
};

/* Appends the event as one line of JSON. */
void cloudevent_write(struct buffer *out, const struct cloudevent *event);

/* Reads the envelope of an event into a message. The message's body stays NULL. *ret_data is the data; NULL: none.
 * E_MALFORMED, E_INVALID: not an event, and the faults say why. E_UNKNOWN_TYPE: this build does not know the type or
 * its version, and the message's id is set. */
must_check enum status cloudevent_read(const struct json *json, const struct contract *contract, struct arena *arena,
				       struct faults *faults, struct message *ret_message,
				       const struct json **ret_data);

#endif
