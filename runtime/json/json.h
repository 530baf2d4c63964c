/* JSON by field tables (core/schema.h), and what little JSON has no table. RFC 8259; the parser is cJSON's. */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "core/message.h"

/* A parsed JSON value; owned by the document that it came from. */
struct json;

enum unknown_fields { UNKNOWN_REFUSED, UNKNOWN_IGNORED };

enum { JSON_DEPTH_MAX = 16 };

/* Parses one JSON text: valid UTF-8, no NUL inside, at most JSON_DEPTH_MAX deep, no duplicate keys, nothing after it.
 * E_MALFORMED with one fault (field "" and what is wrong) otherwise. The document lives in the arena. */
must_check enum status json_parse(struct arena *arena, struct span text, struct faults *faults,
				  const struct json **ret_json);

/* Reads an object by its schema into a zero-or-blank struct of schema->size bytes. All faults are collected:
 * E_INVALID where there are any. `path` goes before field names ("" at the top). Texts live in the arena. */
must_check enum status json_read(const struct json *json, const struct schema *schema, enum unknown_fields unknown,
				 struct arena *arena, struct faults *faults, void *ret_struct);

/* json_parse and json_read in one. A NULL schema takes an empty object or nothing at all. */
must_check enum status json_decode(struct span text, const struct schema *schema, enum unknown_fields unknown,
				   struct arena *arena, struct faults *faults, void **ret_struct);

/* Writes a struct as one line of JSON, fields in the table's order. */
void json_encode(struct buffer *out, const struct schema *schema, const void *body);
/* The same without its SECRET fields: what may be stored, hashed or shown. */
void json_encode_public(struct buffer *out, const struct schema *schema, const void *body);

/* Arrays: the number of items, -1 where it is none; an item. */
int json_count(const struct json *json);
const struct json *json_item(const struct json *json, int index);
/* A member of an object; NULL where there is none. */
const struct json *json_member(const struct json *json, const char *name);
const char *json_text(const struct json *json); /* NULL where it is no string */
/* Prints a value back, on one line. */
void json_print(struct buffer *out, const struct json *json);
/* The same JSON text, broken into lines and indented, for a person's eye. `text` must be JSON. */
void json_indent(struct buffer *out, struct span text);
/* A JSON string with its quotes. */
void json_quote(struct buffer *out, const char *text);

/* Gives all of cJSON's memory to the program's allocator. Called once, by service_run and by tests. */
void json_init(void);

#endif
