/* One event of the log, with the members of its envelope that commands ask for. */
#ifndef CTL_LIB_LOG_EVENT_H
#define CTL_LIB_LOG_EVENT_H

#include "json/json.h"

/* Pointers are borrowed from the JSON that was read. */
struct log_event {
	int64_t offset; /* events of one batch message share one offset */
	int index;      /* position in that message */
	struct uuid id, subject, cause;
	char type[64];        /* "order.placed" */
	const char *producer; /* "svc-orders", "operator" */
	int64_t time_us;      /* of the decision */
	int64_t sequence;
	const struct json *json; /* the whole event */
	const struct json *data; /* NULL: none */
};

/* Reads an event, without offset and index. False where the JSON is no event with an id and a time. */
bool log_event_read(const struct json *json, struct log_event *ret_event);

/* A member of an object as text, "" where there is none; as an id, nil where there is none. */
const char *json_text_of(const struct json *object, const char *name);
struct uuid json_id_of(const struct json *object, const char *name);

#endif
