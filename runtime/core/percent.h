/* Percent-encoding (RFC 3986, section 2.1). */
#ifndef CORE_PERCENT_H
#define CORE_PERCENT_H

#include "core/memory.h"
#include "core/status.h"

/* In a query or a form "+" stands for a space (URL Standard, application/x-www-form-urlencoded); elsewhere for itself.
 */
enum plus { PLUS_IS_PLUS, PLUS_IS_SPACE };

/* Appends the decoded bytes of `text` to `out`. The bytes may be any but NUL: UTF-8 is not checked. E_MALFORMED, with
 * `out` as it was, for a "%" without two hexadecimal digits, and for a NUL, plain or as %00. */
must_check enum status percent_decode(struct span text, enum plus plus, struct buffer *out);
/* The same as a text in the arena; NULL where percent_decode fails. "+" stands for itself. */
char *percent_decoded(struct arena *arena, struct span text);

#endif
