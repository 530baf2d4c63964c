/* Decoding a request into the struct of the route's message. */
#ifndef EDGE_REQUEST_DECODE_H
#define EDGE_REQUEST_DECODE_H

#include "edge/call.h"

/* Checks all that comes before the body: media type, {id}, If-Match, Idempotency-Key, and that there is no query if the
 * route takes none. Sets the call's subject, expected_version, and with a key its id. */
struct problem call_read_headers(struct call *call);
/* The body as JSON text, from JSON or from a form. `schema` tells which values of a form are numbers. */
struct problem call_read_body_text(struct call *call, const struct schema *schema, struct span *ret_json);
/* Decodes JSON text by `schema`. A field that the schema does not have is a fault. */
struct problem call_decode(struct call *call, struct span json, const struct schema *schema, void **ret_body);
/* All of the above for the route's message. *ret_body: a struct of its schema; NULL: the message has no data. */
struct problem call_read_message(struct call *call, void **ret_body);

/* Narrows an Idempotency-Key to one subject of the operation: the id of the message is then of both. Nothing without a
 * key. */
void call_narrow_key(struct call *call, const char *subject);

/* The schema of what a client may send: the message's schema without the fields that the edge fills from the path and
 * from If-Match. `extra`: one more field, whose value follows the struct; NULL: none. */
const struct schema *public_schema(struct arena *arena, const struct schema *schema, const struct field *extra);

#endif
