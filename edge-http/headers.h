/* What request headers say: pure readers, one header each. */
#ifndef EDGE_HEADERS_H
#define EDGE_HEADERS_H

#include "core/memory.h"
#include "core/status.h"

/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a quoted string (RFC 8941) or bare, 1 to 255 visible
 * ASCII characters. The key without its quotes; E_MALFORMED for anything else. */
must_check enum status header_idempotency_key(const char *value, struct arena *arena, const char **ret_key);

/* If-Match: one entity tag or "*" (RFC 9110 section 13.1.1), as the version that is expected: INT_ABSENT for "*",
 * VERSION_OF_NOTHING for a tag that no version of ours has. E_MALFORMED for a list or what is no tag. */
enum { VERSION_OF_NOTHING = 0 };
must_check enum status header_if_match(const char *value, int64_t *ret_version);

/* If-None-Match: whether the list, or "*", has the tag of this version (weak comparison). */
bool header_names_version(const char *value, int64_t version);

/* Prefer: wait=N (RFC 7240 section 4.3) in seconds; 0 where it does not say so or cannot be read. */
int header_wait_seconds(const char *value);

/* Whether a client's X-Request-Id can be taken over: 1 to 64 of [A-Za-z0-9._-]. */
bool header_request_id_fits(const char *value);

/* Whether Content-Type `value` is the media type `wanted`, in UTF-8 where it names a charset. */
bool header_media_type_is(const char *value, const char *wanted);

/* The token of "Bearer <token>"; NULL where it is another scheme or none. */
const char *header_bearer(const char *value);

#endif
