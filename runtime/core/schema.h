/* Schemas: a C struct as JSON, field by field.
 *
 * A schema lists the fields of a struct: name, type, offset, bounds. Reading, writing and checking JSON (json/json.h)
 * all use it, so that a message is described once. Schemas are const and static. The macros field_... make their rows.
 */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "core/uuid.h"

enum field_type {
	F_TEXT, /* const char *; NULL = absent or null. `min`, `max` count characters (code points); no NUL inside */
	F_INT,  /* int64_t; INT_ABSENT = absent or null. Whole numbers within [min, max], at most +-2^53 */
	F_BOOL, /* enum tristate */
	F_UUID, /* struct uuid; nil = absent or null */
	F_TIMESTAMP, /* int64_t microseconds, as RFC 3339 text; INT_ABSENT = absent or null */
	F_ENUM,      /* int, an index into `names`; -1 = absent or null */
	F_OBJECT,    /* pointer to a struct of schema `of`; NULL = absent or null */
	F_ARRAY,     /* struct list of structs of schema `of`; absent = empty. `min`, `max` count items */
	F_TEXTS,     /* struct list of const char *; `max` counts items */
	F_JSON       /* const char *: any JSON value, as text, read and written without a change */
};

#define INT_ABSENT INT64_MIN

enum tristate { ABSENT = 0, NO, YES };

/* A field's `rules`. */
enum {
	REQUIRED = 1,   /* reading: must be present and not null */
	NULLABLE = 2,   /* reading: null is accepted (as absent); writing: absent is written as null, else left out */
	LOWER = 4,      /* reading: ASCII letters are folded to lower case */
	TRIMMED = 8,    /* reading: white space at both ends is dropped before the bounds are checked */
	PRINTABLE = 16, /* reading: no control characters (Unicode Cc) */
	SECRET = 32     /* a password, a token: never stored, hashed or shown */
};

struct list {
	void *items;
	size_t count;
};

struct schema {
	const char *name;           /* for messages about a faulty table */
	size_t size;                /* of the struct */
	const struct field *fields; /* ends with a row whose name is NULL */
};

struct field {
	const char *name;
	enum field_type type;
	unsigned rules;
	size_t offset;
	int64_t min, max;         /* both 0: no bound beyond the type's own */
	const char *const *names; /* F_ENUM: ends with NULL */
	const struct schema *of;  /* F_OBJECT, F_ARRAY */
	const char *format;       /* F_TEXT: "email", "currency", "sku", ... see core/schema.c; NULL: any text */
};

#define field_text(type_, member, rules_, min_, max_)                                                                  \
	{                                                                                                              \
		.name = #member, .type = F_TEXT, .rules = (rules_), .offset = offsetof(type_, member), .min = (min_),  \
		.max = (max_)                                                                                          \
	}
#define field_format(type_, member, rules_, format_, max_)                                                             \
	{                                                                                                              \
		.name = #member, .type = F_TEXT, .rules = (rules_), .offset = offsetof(type_, member), .max = (max_),  \
		.format = (format_)                                                                                    \
	}
#define field_int(type_, member, rules_, min_, max_)                                                                   \
	{                                                                                                              \
		.name = #member, .type = F_INT, .rules = (rules_), .offset = offsetof(type_, member), .min = (min_),   \
		.max = (max_)                                                                                          \
	}
#define field_bool(type_, member, rules_)                                                                              \
	{                                                                                                              \
		.name = #member, .type = F_BOOL, .rules = (rules_), .offset = offsetof(type_, member)                  \
	}
#define field_uuid(type_, member, rules_)                                                                              \
	{                                                                                                              \
		.name = #member, .type = F_UUID, .rules = (rules_), .offset = offsetof(type_, member)                  \
	}
#define field_timestamp(type_, member, rules_)                                                                         \
	{                                                                                                              \
		.name = #member, .type = F_TIMESTAMP, .rules = (rules_), .offset = offsetof(type_, member)             \
	}
#define field_enum(type_, member, rules_, names_)                                                                      \
	{                                                                                                              \
		.name = #member, .type = F_ENUM, .rules = (rules_), .offset = offsetof(type_, member),                 \
		.names = (names_)                                                                                      \
	}
#define field_object(type_, member, rules_, schema_)                                                                   \
	{                                                                                                              \
		.name = #member, .type = F_OBJECT, .rules = (rules_), .offset = offsetof(type_, member),               \
		.of = (schema_)                                                                                        \
	}
#define field_array(type_, member, rules_, schema_, min_, max_)                                                        \
	{                                                                                                              \
		.name = #member, .type = F_ARRAY, .rules = (rules_), .offset = offsetof(type_, member),                \
		.of = (schema_), .min = (min_), .max = (max_)                                                          \
	}
#define field_json(type_, member, rules_)                                                                              \
	{                                                                                                              \
		.name = #member, .type = F_JSON, .rules = (rules_), .offset = offsetof(type_, member)                  \
	}
#define field_end                                                                                                      \
	{                                                                                                              \
		.name = NULL                                                                                           \
	}

/* The faults of an input, field by field ("items[2].quantity"). Texts live in the arena of faults_add. */
struct fault {
	const char *field, *message;
};

struct faults {
	struct fault items[16]; /* further faults are only counted */
	size_t count;
};

void faults_add(struct faults *faults, struct arena *arena, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Checks a text against a named format. NULL: it fits; otherwise a text such as "must be an e-mail address". */
const char *format_fault(const char *format, const char *text);

/* Fills a struct with its absent values: INT_ABSENT, -1, NULL, nil. */
void schema_blank(const struct schema *schema, void *ret_struct);

#endif
