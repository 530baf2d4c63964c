/* JSON (RFC 8259) by schema (core/schema.h), and access to values without a schema. The parser is cJSON's. */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "core/message.h"

/* A parsed JSON value. It belongs to its document. */
struct json;

enum unknown_fields { UNKNOWN_REFUSED, UNKNOWN_IGNORED };

enum { JSON_DEPTH_MAX = 16 };

/* Parses one JSON text: valid UTF-8, no NUL inside, at most JSON_DEPTH_MAX deep, no duplicate keys, nothing after it.
 * E_MALFORMED with one fault (field "" and what is wrong) otherwise. The document lives in the arena. */
must_check enum status json_parse(struct arena *arena, struct span text, struct faults *faults,
				  const struct json **ret_json);

/* Reads an object by its schema into a struct of schema->size bytes, which is zeroed or blank. E_INVALID with all
 * faults. Texts live in the arena. */
must_check enum status json_read(const struct json *json, const struct schema *schema, enum unknown_fields unknown,
				 struct arena *arena, struct faults *faults, void *ret_struct);

/* json_parse and json_read in one call. A NULL schema accepts an empty object and an empty text. */
must_check enum status json_decode(struct span text, const struct schema *schema, enum unknown_fields unknown,
				   struct arena *arena, struct faults *faults, void **ret_struct);

/* Writes a struct as one line of JSON. Its fields are in the order of the schema. */
void json_encode(struct buffer *out, const struct schema *schema, const void *body);
/* The same without SECRET fields, for what is stored, hashed or shown. */
void json_encode_public(struct buffer *out, const struct schema *schema, const void *body);

/* The number of items of an array (-1: not an array), and one item. */
int json_count(const struct json *json);
const struct json *json_item(const struct json *json, int index);
/* A member of an object; NULL: there is none. */
const struct json *json_member(const struct json *json, const char *name);
const char *json_text(const struct json *json); /* NULL: not a string */
/* Writes a value on one line. */
void json_print(struct buffer *out, const struct json *json);
/* Writes a JSON text in indented lines, for people. `text` must be valid JSON. */
void json_indent(struct buffer *out, struct span text);
/* Writes a JSON string with its quotes. */
void json_quote(struct buffer *out, const char *text);

/* Makes cJSON use the allocator of core/memory.h. Called once, at the start of each program and test. */
void json_init(void);

#endif
