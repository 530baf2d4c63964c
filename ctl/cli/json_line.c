/* Writing one JSON object a line. */
#include "ctl/cli/json_line.h"

#include <stdio.h>

#include "core/timestamp.h"

void record_open(struct record *record)
{
	buffer_init(&record->text);
}

static void name_member(struct record *record, const char *name)
{
	buffer_text(&record->text, record->text.size == 0 ? "{" : ",");
	json_quote(&record->text, name);
	buffer_text(&record->text, ":");
}

void record_text(struct record *record, const char *name, const char *value)
{
	name_member(record, name);
	if (value == NULL)
		buffer_text(&record->text, "null");
	else
		json_quote(&record->text, value);
}

void record_int(struct record *record, const char *name, int64_t value)
{
	if (value == INT_ABSENT) {
		record_text(record, name, NULL);
		return;
	}
	name_member(record, name);
	buffer_format(&record->text, "%lld", (long long)value);
}

void record_bool(struct record *record, const char *name, bool value)
{
	name_member(record, name);
	buffer_text(&record->text, value ? "true" : "false");
}

void record_id(struct record *record, const char *name, const struct uuid *id)
{
	char text[UUID_TEXT + 1];

	uuid_text(id, text);
	record_text(record, name, uuid_is_nil(id) ? NULL : text);
}

void record_moment(struct record *record, const char *name, int64_t at_us)
{
	char text[MOMENT_TEXT + 1];

	if (at_us != INT_ABSENT)
		moment_text(at_us, text);
	record_text(record, name, at_us == INT_ABSENT ? NULL : text);
}

void record_json(struct record *record, const char *name, struct span json)
{
	name_member(record, name);
	buffer_add(&record->text, json.bytes, json.size);
}

struct buffer record_take(struct record *record)
{
	buffer_text(&record->text, record->text.size == 0 ? "{}" : "}");
	return record->text;
}

void record_print(struct record *record)
{
	struct buffer text = record_take(record);

	puts(text.bytes);
	fflush(stdout);
	buffer_done(&text);
}
