/* The hash of a request: of its type, its caller and its body. It is equal in every repetition of the request, and
 * stored beside the recorded answer. */
#ifndef CONSUMER_REQUEST_HASH_H
#define CONSUMER_REQUEST_HASH_H

#include "core/memory.h"
#include "core/message.h"
#include "core/uuid.h"

/* The key under which secrets in requests are hashed. It is not in the database: whoever reads a stored hash cannot try
 * passwords against it. */
struct request_key {
	uint8_t bytes[32];
};

/* Derives the key from a secret of the program. */
struct request_key request_key_of(const char *secret);

/* `key` NULL: requests of this service have no secrets. `scratch` is overwritten. */
struct uuid request_hash(const struct request_key *key, const struct message_type *type, const struct message *message,
			 struct buffer *scratch);

#endif
