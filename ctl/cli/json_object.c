/* Writes JSON objects. */
#include "ctl/cli/json_object.h"

#include <stdio.h>

#include "core/timestamp.h"

void json_object_open(struct json_object *object)
{
	buffer_init(&object->text);
}

static void name_member(struct json_object *object, const char *name)
{
	buffer_text(&object->text, object->text.size == 0 ? "{" : ",");
	json_quote(&object->text, name);
	buffer_text(&object->text, ":");
}

void json_object_text(struct json_object *object, const char *name, const char *value)
{
	name_member(object, name);
	if (value == NULL)
		buffer_text(&object->text, "null");
	else
		json_quote(&object->text, value);
}

void json_object_int(struct json_object *object, const char *name, int64_t value)
{
	if (value == INT_ABSENT) {
		json_object_text(object, name, NULL);
		return;
	}
	name_member(object, name);
	buffer_format(&object->text, "%lld", (long long)value);
}

void json_object_bool(struct json_object *object, const char *name, bool value)
{
	name_member(object, name);
	buffer_text(&object->text, value ? "true" : "false");
}

void json_object_id(struct json_object *object, const char *name, const struct uuid *id)
{
	char text[UUID_TEXT + 1];

	uuid_text(id, text);
	json_object_text(object, name, uuid_is_nil(id) ? NULL : text);
}

void json_object_timestamp(struct json_object *object, const char *name, int64_t at_us)
{
	char text[TIMESTAMP_TEXT + 1];

	if (at_us != INT_ABSENT)
		timestamp_text(at_us, text);
	json_object_text(object, name, at_us == INT_ABSENT ? NULL : text);
}

void json_object_json(struct json_object *object, const char *name, struct span json)
{
	name_member(object, name);
	buffer_add(&object->text, json.bytes, json.size);
}

struct buffer json_object_take(struct json_object *object)
{
	buffer_text(&object->text, object->text.size == 0 ? "{}" : "}");
	return object->text;
}

void json_object_append(struct json_object *object, struct buffer *array)
{
	struct buffer text = json_object_take(object);

	buffer_text(array, array->bytes[array->size - 1] == '[' ? "" : ",");
	buffer_add(array, text.bytes, text.size);
	buffer_done(&text);
}

void json_object_print(struct json_object *object)
{
	struct buffer text = json_object_take(object);

	puts(text.bytes);
	fflush(stdout);
	buffer_done(&text);
}
