/* Parsers of request headers. Pure: one header each. */
#ifndef EDGE_HEADERS_H
#define EDGE_HEADERS_H

#include "comanda/http.h"

/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a quoted string (RFC 8941) or bare, 1 to 255 visible
 * ASCII characters. *ret_key is the key without quotes. E_MALFORMED: anything else. */
must_check enum status header_idempotency_key(const char *value, struct arena *arena, const char **ret_key);

/* If-Match: one entity tag or "*" (RFC 9110 section 13.1.1). *ret_version: INT_ABSENT for "*", VERSION_NONE for a tag
 * that no version has. E_MALFORMED: a list, or not a tag. */
enum { VERSION_NONE = 0 };
must_check enum status header_if_match(const char *value, int64_t *ret_version);

/* If-None-Match: whether it is "*", or a list with the tag of this version (weak comparison). */
bool header_names_version(const char *value, int64_t version);

/* Prefer: wait=N (RFC 7240 section 4.3) in seconds; 0: there is no such preference. */
int header_wait_seconds(const char *value);

/* Whether a client's X-Request-Id is accepted: 1 to 64 of [A-Za-z0-9._-]. */
bool header_request_id_fits(const char *value);

/* Whether Content-Type has the media type `wanted`, and no charset but UTF-8. */
bool header_media_type_is(const char *value, const char *wanted);

/* The token of "Bearer <token>"; NULL: another scheme, or no token. */
const char *header_bearer(const char *value);

#endif
