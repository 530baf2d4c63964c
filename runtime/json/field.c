/* Reading JSON values into single fields: texts, numbers, ids, timestamps, names. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/timestamp.h"
#include "core/utf8.h"
#include "json/reader.h"

/* ---- faults ---- */

static const char *path_text(struct arena *arena, const struct path *path)
{
	const char *above = path->above != NULL ? path_text(arena, path->above) : "";

	if (path->name == NULL)
		return arena_format(arena, "%s[%zu]", above, path->index);
	return arena_format(arena, "%s%s%.100s", above, *above != '\0' ? "." : "", path->name);
}

bool reader_full(const struct reader *reader)
{
	return reader->faults->count >= sizeof reader->faults->items / sizeof reader->faults->items[0];
}

void reader_fault(struct reader *reader, const struct path *path, const char *format, ...)
{
	va_list args;

	/* A hostile body can have many faults. Those beyond the limit are only counted. */
	if (reader_full(reader)) {
		reader->faults->count++;
		return;
	}
	va_start(args, format);
	faults_add(reader->faults, reader->arena, path != NULL ? path_text(reader->arena, path) : "", "%s",
		   arena_vformat(reader->arena, format, args));
	va_end(args);
}

/* ---- texts ---- */

/* Unicode's White_Space. */
static bool is_space(uint32_t point)
{
	return point == ' ' || (point >= 0x09 && point <= 0x0d) || point == 0x85 || point == 0xa0 || point == 0x1680 ||
	       (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 || point == 0x202f ||
	       point == 0x205f || point == 0x3000;
}

static struct span trimmed(const char *text)
{
	size_t left = strlen(text), kept = 0, step = 0;
	const char *start = NULL;
	uint32_t point = 0;

	for (; left > 0; text += step, left -= step) {
		step = utf8_next(text, left, &point);
		assert(step > 0); /* the parser has checked it */
		if (is_space(point))
			continue;
		if (start == NULL)
			start = text;
		kept = (size_t)(text + step - start);
	}
	return (struct span){.bytes = start != NULL ? start : "", .size = kept};
}

static void fold_ascii(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* Unicode's Cc: U+0000 to U+001F, U+007F to U+009F. */
static bool has_control(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
		if (*at < ' ' || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0))
			return true;
	return false;
}

static int64_t code_points(const char *text)
{
	int64_t count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* Says "must be 1 to 200 characters long" and the like. */
static void bounds_fault(struct reader *reader, const struct target *target, const char *be, const char *things)
{
	const struct field *field = target->field;
	long long min = field->min, max = field->max;

	if (max == 0)
		reader_fault(reader, &target->path, "must %s at least %lld %s", be, min, things);
	else if (min == max)
		reader_fault(reader, &target->path, "must %s exactly %lld %s", be, min, things);
	else if (min == 0)
		reader_fault(reader, &target->path, "must %s at most %lld %s", be, max, things);
	else
		reader_fault(reader, &target->path, "must %s %lld to %lld %s", be, min, max, things);
}

/* Whether a count is within the bounds. A bound of 0 is no bound. */
static bool count_fits(const struct field *field, int64_t count)
{
	return count >= field->min && (field->max == 0 || count <= field->max);
}

int bounded_count(struct reader *reader, const struct target *target, const struct json *json)
{
	int count = json_count(json);

	if (count < 0)
		reader_fault(reader, &target->path, "must be an array");
	else if (!count_fits(target->field, count))
		bounds_fault(reader, target, "hold", "items");
	else
		return count;
	return -1;
}

/* The text with the field's rules applied, in the arena; NULL after a fault. */
static const char *ruled_text(struct reader *reader, const struct target *target, const struct json *json)
{
	unsigned rules = target->field->rules;
	const char *raw = json_text(json);
	struct span span = {0};
	char *text = NULL;

	if (raw == NULL) {
		reader_fault(reader, &target->path, "must be a text");
		return NULL;
	}
	span = (rules & TRIMMED) != 0 ? trimmed(raw) : span_of(raw);
	text = arena_copy(reader->arena, span.bytes, span.size);
	if ((rules & LOWER) != 0)
		fold_ascii(text);
	if ((rules & PRINTABLE) != 0 && has_control(text)) {
		reader_fault(reader, &target->path, "must not contain control characters");
		return NULL;
	}
	return text;
}

void read_text(struct reader *reader, const struct target *target, const struct json *json)
{
	const struct field *field = target->field;
	const char *text = ruled_text(reader, target, json);
	const char *wrong = NULL;

	if (text == NULL)
		return;
	if (field->format != NULL)
		wrong = format_fault(field->format, text);
	if (wrong != NULL)
		reader_fault(reader, &target->path, "%s", wrong);
	else if (*text == '\0' && field->min > 0)
		reader_fault(reader, &target->path, "must not be empty");
	else if (!count_fits(field, code_points(text)))
		bounds_fault(reader, target, "be", "characters long");
	else
		*(const char **)target->place = text;
}

void read_texts(struct reader *reader, const struct target *target, const struct json *json)
{
	int count = bounded_count(reader, target, json);
	const char **texts = NULL;

	if (count < 0)
		return;
	texts = arena_new(reader->arena, (size_t)count, sizeof *texts);
	*(struct list *)target->place = (struct list){.items = texts, .count = (size_t)count};
	for (int i = 0; i < count; i++) {
		struct target item = {
			.field = target->field,
			.path = {.above = &target->path, .index = (size_t)i},
		};

		texts[i] = ruled_text(reader, &item, json_item(json, i));
	}
}

/* ---- numbers, ids, timestamps, names ---- */

static bool whole_number(const struct json *json, int64_t *ret_number)
{
	double number = json_type(json) == JSON_NUMBER ? json_number(json) : NAN;

	if (!(fabs(number) <= JSON_WHOLE_MAX) || (double)(int64_t)number != number)
		return false;
	*ret_number = (int64_t)number;
	return true;
}

void read_int(struct reader *reader, const struct target *target, const struct json *json)
{
	const struct field *field = target->field;
	bool bounded = field->min != 0 || field->max != 0;
	int64_t number = 0;

	if (whole_number(json, &number) && (!bounded || (number >= field->min && number <= field->max)))
		*(int64_t *)target->place = number;
	else if (bounded)
		reader_fault(reader, &target->path, "must be a whole number between %lld and %lld",
			     (long long)field->min, (long long)field->max);
	else
		reader_fault(reader, &target->path, "must be a whole number, at most 2^53 - 1 either way");
}

void read_bool(struct reader *reader, const struct target *target, const struct json *json)
{
	if (json_type(json) != JSON_BOOL)
		reader_fault(reader, &target->path, "must be true or false");
	else
		*(enum tristate *)target->place = json_truth(json) ? YES : NO;
}

void read_uuid(struct reader *reader, const struct target *target, const struct json *json)
{
	const char *text = json_text(json);
	struct uuid id = {0};

	/* The nil id means "absent", so it is not accepted. */
	if (text == NULL || uuid_parse(text, strlen(text), &id) != OK || uuid_is_nil(&id))
		reader_fault(reader, &target->path, "must be a UUID, such as 0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b");
	else
		*(struct uuid *)target->place = id;
}

void read_timestamp(struct reader *reader, const struct target *target, const struct json *json)
{
	const char *text = json_text(json);
	int64_t at_us = 0;

	if (text == NULL || timestamp_parse(text, strlen(text), &at_us) != OK)
		reader_fault(reader, &target->path, "must be an RFC 3339 date and time, such as 2026-01-31T12:34:56Z");
	else
		*(int64_t *)target->place = at_us;
}

void read_enum(struct reader *reader, const struct target *target, const struct json *json)
{
	const char *const *names = target->field->names;
	const char *text = json_text(json), *known = "";

	for (int i = 0; names[i] != NULL; i++)
		if (text != NULL && strcmp(names[i], text) == 0) {
			*(int *)target->place = i;
			return;
		}
	for (int i = 0; names[i] != NULL; i++)
		known = arena_format(reader->arena, "%s%s%s", known, i > 0 ? ", " : "", names[i]);
	reader_fault(reader, &target->path, "must be one of: %s", known);
}

void read_any(struct reader *reader, const struct target *target, const struct json *json)
{
	struct buffer text;

	buffer_init(&text);
	json_print(&text, json);
	*(const char **)target->place = arena_copy(reader->arena, text.bytes, text.size);
	buffer_done(&text);
}
