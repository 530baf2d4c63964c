/* Checks that bytes are one JSON text by RFC 8259. cJSON accepts more than that. */
#ifndef JSON_GRAMMAR_H
#define JSON_GRAMMAR_H

#include "core/memory.h"

/* NULL: the text is valid UTF-8, at most `depth_max` arrays and objects deep, without NUL and lone surrogates in
 * strings. Otherwise the fault, as a text for people, and its offset. */
const char *json_check(struct span text, int depth_max, size_t *ret_offset);

#endif
