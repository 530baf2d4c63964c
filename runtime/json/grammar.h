/* Whether bytes are one JSON text (RFC 8259), to the letter. The parser behind json.c is more forgiving than we are. */
#ifndef JSON_GRAMMAR_H
#define JSON_GRAMMAR_H

#include "core/memory.h"

/* NULL: they are, in valid UTF-8, at most `depth_max` arrays and objects deep, with no NUL and no lone surrogate in a
 * string. Otherwise what is wrong, for people, and the offset where it shows. */
const char *json_check(struct span text, int depth_max, size_t *ret_offset);

#endif
