/* UUIDs (RFC 9562). Randomness and BLAKE2b are libsodium's. */
#include "core/uuid.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/hex.h"
#include "core/timestamp.h"

enum { HASHED_FROM = 6, POOL = 16 * (16 - HASHED_FROM) };

/* The places of the two digits of each byte in the text, and of the dashes. */
static const uint8_t digits_at[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
static const uint8_t dashes_at[] = {8, 13, 18, 23};

/* libsodium must be initialised before threads start. */
__attribute__((constructor)) static void sodium_start(void)
{
	if (sodium_init() < 0)
		abort();
}

static void put_version(struct uuid *id, unsigned version)
{
	id->bytes[6] = (uint8_t)((id->bytes[6] & 0x0f) | (version << 4));
	id->bytes[8] = (uint8_t)((id->bytes[8] & 0x3f) | 0x80);
}

static void put_time(struct uuid *id, int64_t at_us)
{
	uint64_t ms = at_us > 0 ? (uint64_t)at_us / MS_US : 0;

	for (int i = 0; i < HASHED_FROM; i++)
		id->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
}

/* Takes the random bits of 16 ids from the kernel at a time, because every request needs some. */
static void put_random(struct uuid *id)
{
	static _Thread_local struct {
		size_t left;
		uint8_t bytes[POOL];
	} pool;
	const size_t size = sizeof id->bytes - HASHED_FROM;

	if (pool.left < size) {
		randombytes_buf(pool.bytes, sizeof pool.bytes);
		pool.left = sizeof pool.bytes;
	}
	pool.left -= size;
	memcpy(id->bytes + HASHED_FROM, pool.bytes + pool.left, size);
}

struct uuid uuid_new(int64_t now_us)
{
	struct uuid id;

	put_time(&id, now_us);
	put_random(&id);
	put_version(&id, 7);
	return id;
}

/* BLAKE2b of a head of fixed size and a text. Different pairs are different inputs. */
static void hash(const void *head, size_t head_size, const char *text, size_t text_size, uint8_t ret_hash[16])
{
	crypto_generichash_state state;

	if (crypto_generichash_init(&state, NULL, 0, 16) != 0 ||
	    crypto_generichash_update(&state, head, head_size) != 0 ||
	    crypto_generichash_update(&state, (const unsigned char *)text, text_size) != 0 ||
	    crypto_generichash_final(&state, ret_hash, 16) != 0)
		abort();
}

struct uuid uuid_derive(const char *consumer, const struct uuid *cause, unsigned index, int64_t time_us)
{
	uint8_t head[sizeof cause->bytes + 4];
	struct uuid id;

	memcpy(head, cause->bytes, sizeof cause->bytes);
	for (int i = 0; i < 4; i++)
		head[sizeof cause->bytes + (size_t)i] = (uint8_t)(index >> (24 - 8 * i));
	hash(head, sizeof head, consumer, strlen(consumer), id.bytes);
	put_time(&id, time_us);
	put_version(&id, 7);
	return id;
}

struct uuid uuid_of_text(const char *space, const char *text, size_t size)
{
	uint8_t head[16];
	struct uuid id;

	hash(NULL, 0, space, strlen(space), head);
	hash(head, sizeof head, text, size, id.bytes);
	put_version(&id, 8);
	return id;
}

enum status uuid_parse(const char *text, size_t size, struct uuid *ret_id)
{
	struct uuid id;

	if (size != UUID_TEXT)
		return E_MALFORMED;
	for (size_t i = 0; i < sizeof dashes_at; i++)
		if (text[dashes_at[i]] != '-')
			return E_MALFORMED;
	for (size_t i = 0; i < sizeof id.bytes; i++) {
		const int high = hex_value(text[digits_at[i]]);
		const int low = hex_value(text[digits_at[i] + 1]);

		if (high < 0 || low < 0)
			return E_MALFORMED;
		id.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_id = id;
	return OK;
}

void uuid_text(const struct uuid *id, char ret_text[static UUID_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof id->bytes; i++) {
		ret_text[digits_at[i]] = digits[id->bytes[i] >> 4];
		ret_text[digits_at[i] + 1] = digits[id->bytes[i] & 15];
	}
	for (size_t i = 0; i < sizeof dashes_at; i++)
		ret_text[dashes_at[i]] = '-';
	ret_text[UUID_TEXT] = '\0';
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool uuid_is_nil(const struct uuid *id)
{
	static const struct uuid nil;

	return uuid_equal(id, &nil);
}

uint64_t uuid_hash(const struct uuid *id)
{
	uint64_t high, low;

	memcpy(&high, id->bytes, sizeof high);
	memcpy(&low, id->bytes + sizeof high, sizeof low);
	return mix_bits(low ^ high);
}
