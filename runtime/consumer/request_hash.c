/* Hashes of requests, by libsodium's BLAKE2b. */
#include "consumer/request_hash.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"

struct request_key request_key_of(const char *secret)
{
	static const char context[] = "comanda request secrets\n";
	crypto_generichash_state state;
	struct request_key key;

	if (crypto_generichash_init(&state, NULL, 0, sizeof(key.bytes)) != 0 ||
	    crypto_generichash_update(&state, (const unsigned char *)context, strlen(context)) != 0 ||
	    crypto_generichash_update(&state, (const unsigned char *)secret, strlen(secret)) != 0 ||
	    crypto_generichash_final(&state, key.bytes, sizeof(key.bytes)) != 0)
		abort();
	return key;
}

static void put_keyed_hash(struct buffer *out, const struct request_key *key, const struct buffer *text)
{
	unsigned char hash[32];
	char digits[2 * sizeof(hash) + 1];

	if (crypto_generichash(hash, sizeof(hash), (const unsigned char *)text->bytes, text->size, key->bytes,
			       sizeof(key->bytes)) != 0)
		abort();
	buffer_text(out, sodium_bin2hex(digits, sizeof(digits), hash, sizeof(hash)));
}

/* The keyed hash of the whole body, if the body has secrets. */
static void put_secrets(struct buffer *out, const struct request_key *key, const struct schema *schema,
			const void *body, size_t public_size)
{
	struct buffer whole;

	buffer_init(&whole);
	json_encode(&whole, schema, body);
	if (whole.size != public_size) {
		assert(key != NULL);
		buffer_text(out, "\n");
		put_keyed_hash(out, key, &whole);
		sodium_memzero(whole.bytes, whole.size);
	}
	buffer_done(&whole);
}

struct uuid request_hash(const struct request_key *key, const struct message_type *type, const struct message *message,
			 struct buffer *scratch)
{
	char caller[UUID_TEXT + 1];

	buffer_clear(scratch);
	uuid_text(&message->caller.user_id, caller);
	buffer_format(scratch, "%s\n%s\n", type->name, caller);
	if (type->schema != NULL) {
		const size_t head = scratch->size;

		json_encode_public(scratch, type->schema, message->body);
		put_secrets(scratch, key, type->schema, message->body, scratch->size - head);
	}
	return uuid_of_text("request", scratch->bytes, scratch->size);
}
