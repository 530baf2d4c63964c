/* application/x-www-form-urlencoded (https://url.spec.whatwg.org/#urlencoded-parsing): queries, and the token form. */
#ifndef EDGE_URLENCODED_H
#define EDGE_URLENCODED_H

#include "comanda/rpc.h"

/* Appends "a=b&c=d" as a JSON object. Names and values are percent-decoded. A value becomes a number if the schema's
 * field is one. E_MALFORMED: broken percent-encoding, or not UTF-8. */
must_check enum status urlencoded_to_json(struct span form, const struct schema *schema, struct buffer *out);

#endif
