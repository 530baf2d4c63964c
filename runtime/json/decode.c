/* Reading JSON by schema. Every fault is reported with the path of its field. */
#include <assert.h>
#include <string.h>

#include "json/reader.h"

enum { FIELDS_MAX = 64 };

/* ---- objects and arrays of them ---- */

/* A struct that is filled: its schema, its bytes, and the path of its JSON object (NULL: the top). */
struct body {
	const struct schema *schema;
	void *bytes;
	const struct path *path;
};

static void read_members(struct reader *reader, const struct body *body, const struct json *json);

static void read_object(struct reader *reader, const struct target *target, const struct json *json)
{
	const struct schema *of = target->field->of;
	struct body body = {.schema = of, .bytes = arena_new(reader->arena, 1, of->size), .path = &target->path};

	read_members(reader, &body, json);
	*(void **)target->place = body.bytes;
}

static void read_array(struct reader *reader, const struct target *target, const struct json *json)
{
	const struct schema *of = target->field->of;
	int count = bounded_count(reader, target, json);
	char *items = NULL;

	if (count < 0)
		return;
	items = arena_new(reader->arena, (size_t)count, of->size);
	*(struct list *)target->place = (struct list){.items = items, .count = (size_t)count};
	for (int i = 0; i < count; i++) {
		struct path path = {.above = &target->path, .index = (size_t)i};
		struct body body = {.schema = of, .bytes = items + (size_t)i * of->size, .path = &path};

		read_members(reader, &body, json_item(json, i));
	}
}

static field_reader *const readers[] = {
	[F_TEXT] = read_text,           [F_INT] = read_int,   [F_BOOL] = read_bool,     [F_UUID] = read_uuid,
	[F_TIMESTAMP] = read_timestamp, [F_ENUM] = read_enum, [F_OBJECT] = read_object, [F_ARRAY] = read_array,
	[F_TEXTS] = read_texts,         [F_JSON] = read_any,
};

static void read_field(struct reader *reader, const struct target *target, const struct json *json)
{
	const struct field *field = target->field;
	bool is_null = json_type(json) == JSON_NULL;

	if (is_null && (field->rules & NULLABLE) != 0 && (field->rules & REQUIRED) == 0)
		return;
	if (is_null && field->type != F_JSON)
		reader_fault(reader, &target->path, "must not be null");
	else
		readers[field->type](reader, target, json);
}

static void unknown_field(struct reader *reader, const struct body *body, const char *name)
{
	struct path path = {.above = body->path, .name = name};
	const char *known = "";

	if (reader->unknown == UNKNOWN_IGNORED)
		return;
	/* Names are collected only for a fault that is kept. */
	if (!reader_full(reader))
		for (const struct field *field = body->schema->fields; field->name != NULL; field++)
			known = arena_format(reader->arena, "%s%s%s", known, *known != '\0' ? ", " : "", field->name);
	reader_fault(reader, &path, "is not a known field; known are: %s", known);
}

/* The index of the field; -1: none. Tries `hint` first, because members are mostly in order. */
static int field_index(const struct schema *schema, const char *name, int hint)
{
	if (schema->fields[hint].name != NULL && strcmp(schema->fields[hint].name, name) == 0)
		return hint;
	for (int i = 0; schema->fields[i].name != NULL; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return i;
	return -1;
}

static void missing_fields(struct reader *reader, const struct body *body, uint64_t seen)
{
	const struct field *fields = body->schema->fields;

	for (int i = 0; fields[i].name != NULL; i++) {
		struct path path = {.above = body->path, .name = fields[i].name};

		if ((fields[i].rules & REQUIRED) != 0 && (seen >> i & 1) == 0)
			reader_fault(reader, &path, "is required");
	}
}

static void read_members(struct reader *reader, const struct body *body, const struct json *json)
{
	const struct field *fields = body->schema->fields;
	uint64_t seen = 0;
	int hint = 0;

	schema_blank(body->schema, body->bytes);
	if (json_type(json) != JSON_OBJECT) {
		reader_fault(reader, body->path, "must be an object");
		return;
	}
	for (const struct json *member = json_first(json); member != NULL; member = json_next(member)) {
		int index = field_index(body->schema, json_name(member), hint);

		if (index < 0) {
			unknown_field(reader, body, json_name(member));
			continue;
		}
		struct target target = {
			.field = &fields[index],
			.place = (char *)body->bytes + fields[index].offset,
			.path = {.above = body->path, .name = fields[index].name},
		};

		read_field(reader, &target, member);
		assert(index < FIELDS_MAX);
		seen |= 1ULL << index;
		hint = index + 1;
	}
	missing_fields(reader, body, seen);
}

enum status json_read(const struct json *json, const struct schema *schema, enum unknown_fields unknown,
		      struct arena *arena, struct faults *faults, void *ret_struct)
{
	struct reader reader = {.arena = arena, .faults = faults, .unknown = unknown};
	struct body body = {.schema = schema, .bytes = ret_struct};
	size_t before = faults->count;

	read_members(&reader, &body, json);
	return faults->count == before ? OK : E_INVALID;
}

enum status json_decode(struct span text, const struct schema *schema, enum unknown_fields unknown, struct arena *arena,
			struct faults *faults, void **ret_struct)
{
	static const struct field no_fields[] = {field_end};
	static const struct schema nothing = {.name = "nothing", .size = 0, .fields = no_fields};
	const struct json *json = NULL;
	void *made = NULL;
	enum status status = OK;

	if (schema == NULL && text.size == 0)
		text = span_of("{}");
	status = json_parse(arena, text, faults, &json);
	if (status != OK)
		return status;
	if (schema == NULL)
		schema = &nothing;
	made = arena_new(arena, 1, schema->size);
	status = json_read(json, schema, unknown, arena, faults, made);
	if (status == OK)
		*ret_struct = made;
	return status;
}
