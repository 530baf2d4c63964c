/* Passwords and the secrets of refresh tokens, by libsodium. */
#include "users/credentials/credentials.h"

#include <sodium.h>
#include <string.h>

#include "comanda/service.h"

enum { PASSES = 2, MEMORY = 19 * 1024 * 1024, SECRET_SIZE = 32 };

/* Of a random password that was thrown away. */
static const char unused_hash[] =
	"$argon2id$v=19$m=19456,t=2,p=1$4OsQT819tCpNt+OC+VnEag$tbLe7b1DtJiozT0Z5eZrJwW/GZyqZjJsbB+ot/QzCFM";

static struct metric hashes = {.name = "comanda_password_hashes_total",
			       .help = "Password hashes computed, for new passwords and for sign-ins",
			       .type = COUNTER};

enum status password_hash(const char *password, struct arena *arena, const char **ret_hash)
{
	char hash[crypto_pwhash_STRBYTES];

	metric_add(&hashes, NULL, 1);
	if (sodium_init() < 0 ||
	    crypto_pwhash_str_alg(hash, password, strlen(password), PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return E_UNAVAILABLE;
	*ret_hash = arena_text(arena, hash);
	return OK;
}

bool password_matches(const char *hash, const char *password)
{
	const char *against = hash != NULL ? hash : unused_hash;

	metric_add(&hashes, NULL, 1);
	if (sodium_init() < 0)
		return false;
	return crypto_pwhash_str_verify(against, password, strlen(password)) == 0 && hash != NULL;
}

const char *refresh_token_new(const struct uuid *session_id, struct arena *arena)
{
	const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
	char id[UUID_TEXT + 1], text[REFRESH_SECRET_TEXT + 1];
	unsigned char secret[SECRET_SIZE];

	randombytes_buf(secret, sizeof(secret));
	sodium_bin2base64(text, sizeof(text), secret, sizeof(secret), variant);
	uuid_text(session_id, id);
	return arena_format(arena, "%s.%s", id, text);
}

struct token_hash refresh_token_hash(const char *token)
{
	struct token_hash hash;

	crypto_generichash(hash.bytes, sizeof(hash.bytes), (const unsigned char *)token, strlen(token), NULL, 0);
	return hash;
}
