/* Lines of tab-separated cells for tools/dev/reference, which makes docs/reference/ of them.
 *
 * Only the programs that print tables for the documentation use this. */
#ifndef PROTO_REFERENCE_LINES_H
#define PROTO_REFERENCE_LINES_H

#include "proto/messages.h"

/* Prints a line per field of `schema`, and of the objects and arrays in it. NULL: no line.
 *
 * The cells are: `kind`, `owner`, the path ("items[].sku"), the type, the rules, the least and the greatest value or
 * size, the values or the format. An empty cell means none. */
void reference_fields(const char *kind, const char *owner, const struct schema *schema);

/* Returns the exit code of a program that has printed such lines: 1 after a failed write. */
int reference_end(void);

#endif
