/* Writing JSON: structs by their schemas, strings, parsed values. Every message is written by this code, so it writes
 * into the buffer without a tree in between. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/timestamp.h"
#include "core/utf8.h"
#include "json/value.h"

static void put_char(struct buffer *out, char c)
{
	buffer_add(out, &c, 1);
}

static void put_int(struct buffer *out, int64_t number)
{
	char digits[20];
	char *start = digits + sizeof digits;
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--start = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		*--start = '-';
	buffer_add(out, start, (size_t)(digits + sizeof digits - start));
}

/* ---- strings ---- */

/* The number of bytes at `at` that need no escape and are UTF-8. Stops before a NUL. */
static size_t plain_run(const char *at)
{
	const char *start = at;

	for (;;) {
		unsigned char byte = (unsigned char)*at;
		size_t size = 1;

		if (byte < ' ' || byte == '"' || byte == '\\')
			break;
		if (byte >= 0x80)
			size = utf8_next(at, strnlen(at, 4), NULL);
		if (size == 0)
			break;
		at += size;
	}
	return (size_t)(at - start);
}

static void put_escaped(struct buffer *out, unsigned char byte)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *pair = letters; *pair != '\0'; pair += 2)
		if ((unsigned char)*pair == byte) {
			buffer_add(out, (const char[]){'\\', pair[1]}, 2);
			return;
		}
	/* A byte that is not UTF-8 becomes U+FFFD, so that the text stays valid JSON. */
	buffer_format(out, "\\u%04x", byte < ' ' ? byte : 0xfffdU);
}

void json_quote(struct buffer *out, const char *text)
{
	put_char(out, '"');
	for (;;) {
		size_t run = plain_run(text);

		buffer_add(out, text, run);
		text += run;
		if (*text == '\0')
			break;
		put_escaped(out, (unsigned char)*text++);
	}
	put_char(out, '"');
}

/* ---- structs by schema ---- */

static const struct list *list_at(const void *place)
{
	return place;
}

static const char *text_at(const void *place)
{
	return *(const char *const *)place;
}

static int64_t int_at(const void *place)
{
	return *(const int64_t *)place;
}

static bool is_absent(const struct field *field, const void *place)
{
	switch (field->type) {
	case F_INT:
	case F_TIMESTAMP:
		return int_at(place) == INT_ABSENT;
	case F_BOOL:
		return *(const enum tristate *)place == ABSENT;
	case F_UUID:
		return uuid_is_nil(place);
	case F_ENUM:
		return *(const int *)place < 0;
	case F_TEXT:
	case F_JSON:
		return text_at(place) == NULL;
	case F_OBJECT:
		return *(const void *const *)place == NULL;
	case F_ARRAY:
	case F_TEXTS:
		return list_at(place)->count == 0 && (field->rules & REQUIRED) == 0;
	}
	return true;
}

static void put_uuid(struct buffer *out, const struct uuid *id)
{
	char *end = buffer_room(out, UUID_TEXT + 2);

	end[0] = '"';
	uuid_text(id, end + 1);
	end[UUID_TEXT + 1] = '"';
	end[UUID_TEXT + 2] = '\0';
	out->size += UUID_TEXT + 2;
}

static void put_timestamp(struct buffer *out, int64_t at_us)
{
	char *end = buffer_room(out, TIMESTAMP_TEXT + 2);

	end[0] = '"';
	timestamp_text(at_us, end + 1);
	end[TIMESTAMP_TEXT + 1] = '"';
	end[TIMESTAMP_TEXT + 2] = '\0';
	out->size += TIMESTAMP_TEXT + 2;
}

static void encode(struct buffer *out, const struct schema *schema, const void *body, unsigned without);

static void put_array(struct buffer *out, const struct field *field, const void *place, unsigned without)
{
	const struct list *list = list_at(place);
	const struct schema *of = field->of;

	put_char(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			put_char(out, ',');
		encode(out, of, (const char *)list->items + i * of->size, without);
	}
	put_char(out, ']');
}

static void put_texts(struct buffer *out, const struct list *list)
{
	const char *const *texts = list->items;

	put_char(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			put_char(out, ',');
		json_quote(out, texts[i]);
	}
	put_char(out, ']');
}

static void put_field(struct buffer *out, const struct field *field, const void *place, unsigned without)
{
	switch (field->type) {
	case F_INT:
		put_int(out, int_at(place));
		break;
	case F_TIMESTAMP:
		put_timestamp(out, int_at(place));
		break;
	case F_BOOL:
		buffer_text(out, *(const enum tristate *)place == YES ? "true" : "false");
		break;
	case F_UUID:
		put_uuid(out, place);
		break;
	case F_ENUM:
		json_quote(out, field->names[*(const int *)place]);
		break;
	case F_TEXT:
		json_quote(out, text_at(place));
		break;
	case F_JSON:
		buffer_text(out, text_at(place));
		break;
	case F_OBJECT:
		encode(out, field->of, *(const void *const *)place, without);
		break;
	case F_ARRAY:
		put_array(out, field, place, without);
		break;
	case F_TEXTS:
		put_texts(out, list_at(place));
		break;
	}
}

static void encode(struct buffer *out, const struct schema *schema, const void *body, unsigned without)
{
	const char *before = "{\"";

	for (const struct field *field = schema->fields; field->name != NULL; field++) {
		const void *place = (const char *)body + field->offset;
		bool absent = is_absent(field, place);

		if ((absent && (field->rules & NULLABLE) == 0) || (field->rules & without) != 0)
			continue;
		buffer_add(out, before, 2);
		buffer_text(out, field->name);
		buffer_add(out, "\":", 2);
		if (absent)
			buffer_add(out, "null", 4);
		else
			put_field(out, field, place, without);
		before = ",\"";
	}
	buffer_text(out, *before == '{' ? "{}" : "}");
}

void json_encode(struct buffer *out, const struct schema *schema, const void *body)
{
	encode(out, schema, body, 0);
}

void json_encode_public(struct buffer *out, const struct schema *schema, const void *body)
{
	encode(out, schema, body, SECRET);
}

/* ---- parsed values ---- */

/* The shortest number of digits that gives the same double. */
static void put_number(struct buffer *out, double number)
{
	char digits[32];

	if (fabs(number) <= JSON_WHOLE_MAX && (double)(int64_t)number == number) {
		put_int(out, (int64_t)number);
		return;
	}
	(void)snprintf(digits, sizeof digits, "%.15g", number);
	if (strtod(digits, NULL) != number)
		(void)snprintf(digits, sizeof digits, "%.17g", number);
	buffer_text(out, digits);
}

static void put_list(struct buffer *out, const struct json *json, bool named)
{
	for (const struct json *item = json_first(json); item != NULL; item = json_next(item)) {
		if (item != json_first(json))
			put_char(out, ',');
		if (named) {
			json_quote(out, json_name(item));
			put_char(out, ':');
		}
		json_print(out, item);
	}
}

void json_print(struct buffer *out, const struct json *json)
{
	switch (json_type(json)) {
	case JSON_NULL:
		buffer_text(out, "null");
		break;
	case JSON_BOOL:
		buffer_text(out, json_truth(json) ? "true" : "false");
		break;
	case JSON_NUMBER:
		put_number(out, json_number(json));
		break;
	case JSON_TEXT:
		json_quote(out, json_text(json));
		break;
	case JSON_ARRAY:
		put_char(out, '[');
		put_list(out, json, false);
		put_char(out, ']');
		break;
	case JSON_OBJECT:
		put_char(out, '{');
		put_list(out, json, true);
		put_char(out, '}');
		break;
	}
}

/* ---- indented text ---- */

static void new_line(struct buffer *out, int depth)
{
	buffer_format(out, "\n%*s", 2 * depth, "");
}

/* The position after the closing quote of the string that starts at `at`. */
static size_t string_end(struct span text, size_t at)
{
	for (at++; at < text.size && text.bytes[at] != '"'; at++)
		at += text.bytes[at] == '\\';
	return at + 1 < text.size ? at + 1 : text.size;
}

static bool closes_at_once(struct span text, size_t at)
{
	return at + 1 < text.size && (text.bytes[at + 1] == '}' || text.bytes[at + 1] == ']');
}

void json_indent(struct buffer *out, struct span text)
{
	int depth = 0;

	for (size_t at = 0, end; at < text.size; at = end) {
		const char c = text.bytes[at];

		end = c == '"' ? string_end(text, at) : at + 1;
		if ((c == '}' || c == ']') && text.bytes[at - 1] != '{' && text.bytes[at - 1] != '[')
			new_line(out, depth - 1);
		buffer_add(out, text.bytes + at, end - at);
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		if (c == ',' || ((c == '{' || c == '[') && !closes_at_once(text, at)))
			new_line(out, depth);
		else if (c == ':')
			buffer_text(out, " ");
	}
}
