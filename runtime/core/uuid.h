/* UUIDs (RFC 9562): random version 7, derived version 7, text form. */
#ifndef CORE_UUID_H
#define CORE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/status.h"

struct uuid {
	uint8_t bytes[16]; /* network order */
};

enum { UUID_TEXT = 36 }; /* characters of the text form, without the closing NUL */

/* A new version 7 id: 48 bits of `now_us` in milliseconds, 74 random bits. */
struct uuid uuid_new(int64_t now_us);

/* The id of output number `index` of the decision of `consumer` about the message `cause`: a version 7 id. Its time is
 * `time_us`, the time of the cause. Its random bits are a BLAKE2b hash of consumer, cause and index. So a repeated
 * decision gives the same id. */
struct uuid uuid_derive(const char *consumer, const struct uuid *cause, unsigned index, int64_t time_us);

/* A version 8 id of a text of `size` bytes within `space` ("email", "idempotency-key", ...). Equal texts have equal
 * ids. */
struct uuid uuid_of_text(const char *space, const char *text, size_t size);

/* Parses the 36-character form, upper or lower case, any version. E_MALFORMED, with *ret_id untouched, otherwise. */
must_check enum status uuid_parse(const char *text, size_t size, struct uuid *ret_id);

/* Writes 36 lower-case characters and a NUL. */
void uuid_text(const struct uuid *id, char ret_text[static UUID_TEXT + 1]);

/* Compares bytes, as PostgreSQL does. */
int uuid_compare(const struct uuid *a, const struct uuid *b);
static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
bool uuid_is_nil(const struct uuid *id);
uint64_t uuid_hash(const struct uuid *id);

#endif
