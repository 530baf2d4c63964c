/* Parts of a JSON text, found by brackets and quotes alone: no tree, no allocation.
 *
 * For text that a service of Comanda wrote, where one member of a large object is needed. The text is not checked: use
 * json_parse for input that must be valid. Every function stays within the given bounds, whatever the text is. */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "core/memory.h"

/* The first character after white space; `end` when only white space is left. */
const char *json_scan_space(const char *at, const char *end);
/* `at` points to the opening bracket of an object or array. Returns what follows its closing bracket; NULL: none. */
const char *json_scan_brackets(const char *at, const char *end);
/* The text of a member of `object`, a string with its quotes. Members of inner objects are not found.
 * Empty: `object` is not an object, or has no such member. */
struct span json_scan_member(struct span object, const char *name);

#endif
