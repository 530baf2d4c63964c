/* What decode.c and field.c share: reading a value into a field. */
#ifndef JSON_READER_H
#define JSON_READER_H

#include "json/value.h"

struct reader {
	struct arena *arena;
	struct faults *faults;
	enum unknown_fields unknown;
};

/* The path of a value: a chain on the stack that becomes a text only for a fault. */
struct path {
	const struct path *above;
	const char *name; /* NULL: an item of the array above */
	size_t index;
};

/* A field that is read: its place in the struct, and its path. */
struct target {
	const struct field *field;
	void *place;
	struct path path;
};

/* Reads one value that is not null. A value that does not fit gives a fault and leaves the place unchanged. */
typedef void field_reader(struct reader *reader, const struct target *target, const struct json *json);

field_reader read_text, read_texts, read_int, read_bool, read_uuid, read_timestamp, read_enum, read_any;

/* A fault at a path; NULL is the top. */
void reader_fault(struct reader *reader, const struct path *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Whether further faults are only counted. */
bool reader_full(const struct reader *reader);
/* The number of items of an array within the field's bounds; -1 after a fault. */
int bounded_count(struct reader *reader, const struct target *target, const struct json *json);

#endif
