/* The type and the content of a parsed value, for the files of the JSON codec. */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include <stdbool.h>

#include "json/json.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

/* Whole numbers beyond +-(2^53 - 1) share a double with a neighbour (RFC 7493, section 2.2). */
#define JSON_WHOLE_MAX 9007199254740991

enum json_type json_type(const struct json *json);
bool json_truth(const struct json *json);    /* of a JSON_BOOL */
double json_number(const struct json *json); /* of a JSON_NUMBER; finite */
/* The items of an array or the members of an object, in order; NULL at the end. */
const struct json *json_first(const struct json *json);
const struct json *json_next(const struct json *json);
const char *json_name(const struct json *member);

#endif
