/* Reads the envelope of an event. */
#include "ctl/lib/log_event.h"

#include <stdio.h>
#include <string.h>

#include "core/timestamp.h"
#include "json/value.h"

const char *json_text_of(const struct json *object, const char *name)
{
	const struct json *member = object == NULL ? NULL : json_member(object, name);
	const char *text = member == NULL ? NULL : json_text(member);

	return text == NULL ? "" : text;
}

struct uuid json_id_of(const struct json *object, const char *name)
{
	const char *text = json_text_of(object, name);
	struct uuid id = {0};

	if (uuid_parse(text, strlen(text), &id) != OK)
		return (struct uuid){0};
	return id;
}

/* "comanda.order.placed.v1" → "order.placed" */
static void short_type(const char *type, struct log_event *ret_event)
{
	const char *start = strncmp(type, "comanda.", 8) == 0 ? type + 8 : type;
	const char *end = strrchr(start, '.');
	const size_t size = end == NULL || end[1] != 'v' ? strlen(start) : (size_t)(end - start);

	snprintf(ret_event->type, sizeof(ret_event->type), "%.*s", (int)size, start);
}

bool log_event_read(const struct json *json, struct log_event *ret_event)
{
	const char *time = json_text_of(json, "time"), *source = json_text_of(json, "source");
	const struct json *sequence = json_type(json) == JSON_OBJECT ? json_member(json, "sequence") : NULL;

	*ret_event = (struct log_event){.json = json};
	if (json_type(json) != JSON_OBJECT)
		return false;
	ret_event->id = json_id_of(json, "id");
	ret_event->subject = json_id_of(json, "subject");
	ret_event->cause = json_id_of(json, "causationid");
	short_type(json_text_of(json, "type"), ret_event);
	ret_event->producer = *source == '/' ? source + 1 : source;
	ret_event->sequence =
		sequence != NULL && json_type(sequence) == JSON_NUMBER ? (int64_t)json_number(sequence) : 0;
	ret_event->data = json_member(json, "data");
	return !uuid_is_nil(&ret_event->id) && timestamp_parse(time, strlen(time), &ret_event->time_us) == OK;
}
