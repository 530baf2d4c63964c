/* Builds one JSON object, for the answers to --json: open it, add members, then print it as one line or take its text.
 */
#ifndef CTL_CLI_JSON_OBJECT_H
#define CTL_CLI_JSON_OBJECT_H

#include "json/json.h"

struct json_object {
	struct buffer text;
};

void json_object_open(struct json_object *object);
void json_object_text(struct json_object *object, const char *name, const char *value); /* NULL: null */
void json_object_int(struct json_object *object, const char *name, int64_t value);      /* INT_ABSENT: null */
void json_object_bool(struct json_object *object, const char *name, bool value);
void json_object_id(struct json_object *object, const char *name, const struct uuid *id); /* nil: null */
void json_object_timestamp(struct json_object *object, const char *name, int64_t at_us);  /* INT_ABSENT: null */
/* A member that is JSON text already. */
void json_object_json(struct json_object *object, const char *name, struct span json);

/* Each of the three closes the object and frees it. */

/* Prints it as one line, and flushes standard output. */
void json_object_print(struct json_object *object);
/* Adds its text to an array that is being written: a comma first, unless `array` ends with "[". */
void json_object_append(struct json_object *object, struct buffer *array);
/* Gives its text to the caller, who calls buffer_done. */
struct buffer json_object_take(struct json_object *object);

#endif
