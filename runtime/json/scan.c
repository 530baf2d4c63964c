/* Scanning JSON by its brackets and quotes. */
#include "json/scan.h"

#include <stdbool.h>
#include <string.h>

const char *json_scan_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

/* `at` points to the opening quote. Returns what follows the closing quote; NULL: none. */
static const char *after_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : NULL;
}

const char *json_scan_brackets(const char *at, const char *end)
{
	int depth = 0;

	while (at < end) {
		if (*at == '"') {
			at = after_string(at, end);
			if (at == NULL)
				return NULL;
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		if (*at == '}' || *at == ']')
			depth--;
		at++;
		if (depth == 0)
			return at;
	}
	return NULL;
}

/* Returns what follows the value that starts at `at`; NULL: there is no value. */
static const char *after_value(const char *at, const char *end)
{
	const char *start = at;

	if (at >= end)
		return NULL;
	if (*at == '"')
		return after_string(at, end);
	if (*at == '{' || *at == '[')
		return json_scan_brackets(at, end);
	while (at < end && strchr(",]} \t\r\n", *at) == NULL)
		at++;
	return at > start && at < end ? at : NULL; /* inside an object, something follows a number */
}

struct span json_scan_member(struct span object, const char *name)
{
	const char *at = object.bytes, *end = at + object.size;
	size_t length = strlen(name);

	if (object.size == 0 || *at++ != '{')
		return (struct span){NULL, 0};
	while ((at = json_scan_space(at, end)) < end && *at == '"') {
		const char *key = at + 1, *value;
		bool found;

		at = after_string(at, end);
		if (at == NULL)
			break;
		found = (size_t)(at - 1 - key) == length && memcmp(key, name, length) == 0;
		at = json_scan_space(at, end);
		if (at >= end || *at != ':')
			break;
		value = json_scan_space(at + 1, end);
		at = after_value(value, end);
		if (at == NULL)
			break;
		if (found)
			return (struct span){value, (size_t)(at - value)};
		at = json_scan_space(at, end);
		if (at >= end || *at != ',')
			break;
		at++;
	}
	return (struct span){NULL, 0};
}
