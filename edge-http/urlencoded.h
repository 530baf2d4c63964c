/* application/x-www-form-urlencoded (WHATWG URL, section 5.1), as it stands in queries and in the form of a token. */
#ifndef EDGE_URLENCODED_H
#define EDGE_URLENCODED_H

#include "core/schema.h"

/* "a=b&c=d" as the text of a JSON object: names and values percent-decoded, whole numbers as numbers where the schema
 * has one. E_MALFORMED where the encoding is broken, or it is not UTF-8. */
must_check enum status form_to_json(struct span form, const struct schema *schema, struct buffer *out);

#endif
