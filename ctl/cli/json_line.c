/* Writing one JSON object a line. */
#include "ctl/cli/json_line.h"

#include <stdio.h>

#include "core/timestamp.h"

void json_line_open(struct json_line *line)
{
	buffer_init(&line->text);
}

static void name_member(struct json_line *line, const char *name)
{
	buffer_text(&line->text, line->text.size == 0 ? "{" : ",");
	json_quote(&line->text, name);
	buffer_text(&line->text, ":");
}

void json_line_text(struct json_line *line, const char *name, const char *value)
{
	name_member(line, name);
	if (value == NULL)
		buffer_text(&line->text, "null");
	else
		json_quote(&line->text, value);
}

void json_line_int(struct json_line *line, const char *name, int64_t value)
{
	if (value == INT_ABSENT) {
		json_line_text(line, name, NULL);
		return;
	}
	name_member(line, name);
	buffer_format(&line->text, "%lld", (long long)value);
}

void record_bool(struct json_line *line, const char *name, bool value)
{
	name_member(line, name);
	buffer_text(&line->text, value ? "true" : "false");
}

void json_line_id(struct json_line *line, const char *name, const struct uuid *id)
{
	char text[UUID_TEXT + 1];

	uuid_text(id, text);
	json_line_text(line, name, uuid_is_nil(id) ? NULL : text);
}

void json_line_timestamp(struct json_line *line, const char *name, int64_t at_us)
{
	char text[TIMESTAMP_TEXT + 1];

	if (at_us != INT_ABSENT)
		timestamp_text(at_us, text);
	json_line_text(line, name, at_us == INT_ABSENT ? NULL : text);
}

void json_line_json(struct json_line *line, const char *name, struct span json)
{
	name_member(line, name);
	buffer_add(&line->text, json.bytes, json.size);
}

struct buffer json_line_take(struct json_line *line)
{
	buffer_text(&line->text, line->text.size == 0 ? "{}" : "}");
	return line->text;
}

void json_line_print(struct json_line *line)
{
	struct buffer text = json_line_take(line);

	puts(text.bytes);
	fflush(stdout);
	buffer_done(&text);
}
