/* Reading a request into the struct of the message that the route asks. */
#ifndef EDGE_REQUEST_DECODE_H
#define EDGE_REQUEST_DECODE_H

#include "edge/call.h"

/* What comes before the body: media type, {id}, If-Match, Idempotency-Key, and that there is no query where none is
 * taken. Sets the call's subject, expected_version, and its id where there is a key. */
struct problem call_read_head(struct call *call);
/* The body as JSON text, whether it came as JSON or as a form; `schema` tells which values of a form are numbers. */
struct problem call_read_text(struct call *call, const struct schema *schema, struct span *ret_json);
/* Reads JSON text by `schema`; a field that it does not have is a fault. */
struct problem call_decode(struct call *call, struct span json, const struct schema *schema, void **ret_body);
/* All of it: *ret_body is a struct of the schema of the route's message, NULL for a message without data. */
struct problem call_read_message(struct call *call, void **ret_body);

/* The schema of what a client may send: the message's without the fields that the edge fills itself, because they come
 * from the path and from If-Match. `extra` is one field more (its offset is set to follow the struct); NULL: none. */
const struct schema *public_schema(struct arena *arena, const struct schema *schema, const struct field *extra);

#endif
