/* Private keys by OpenSSL, and signing by libjwt. The only algorithm is ES256. */
#include "jwt/token.h"

#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <string.h>

enum {
	COORDINATE = 32,      /* bytes of x or y on P-256 */
	COORDINATE_TEXT = 44, /* in base64url, with a NUL */
	THUMBPRINT_TEXT = 44
};

static const char issuer[] = TOKEN_ISSUER;

define_freep(EVP_PKEY, EVP_PKEY_free);
define_freep(BIO, BIO_free_all);
define_freep(BIGNUM, BN_free);
define_freep(jwt_t, jwt_free);

/* ---- private keys ---- */

struct token_key {
	char *pem; /* private; wiped when freed */
	char id[THUMBPRINT_TEXT];
	const char *const *roles;
	char *jwk;
};

static void base64url(const unsigned char *bytes, size_t size, char *ret_text, size_t room)
{
	sodium_bin2base64(ret_text, room, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* A coordinate of a key's point, as 32 bytes in base64url (RFC 7518 section 6.2.1.2). */
static enum status coordinate_text(const EVP_PKEY *pkey, const char *name, char ret_text[COORDINATE_TEXT])
{
	scoped(BN_free) BIGNUM *number = NULL;
	unsigned char bytes[COORDINATE];

	if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1 || BN_bn2binpad(number, bytes, COORDINATE) != COORDINATE)
		return E_MALFORMED;
	base64url(bytes, COORDINATE, ret_text, COORDINATE_TEXT);
	return OK;
}

static bool is_p256(const EVP_PKEY *pkey)
{
	char group[32] = "";
	size_t size = 0;

	return EVP_PKEY_get_group_name(pkey, group, sizeof(group), &size) == 1 && strcmp(group, "prime256v1") == 0;
}

static enum status key_describe(struct token_key *key, const EVP_PKEY *pkey)
{
	char x[COORDINATE_TEXT], y[COORDINATE_TEXT];
	unsigned char hash[32];
	unsigned int hash_size = 0;
	struct buffer text;

	if (!is_p256(pkey) || coordinate_text(pkey, OSSL_PKEY_PARAM_EC_PUB_X, x) != OK ||
	    coordinate_text(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y) != OK)
		return E_MALFORMED;
	buffer_init(&text);
	/* RFC 7638 section 3.2: the required members alone, in this order, without white space. */
	buffer_format(&text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
	if (EVP_Digest(text.bytes, text.size, hash, &hash_size, EVP_sha256(), NULL) != 1)
		abort(); /* only out of memory */
	base64url(hash, sizeof(hash), key->id, sizeof(key->id));
	buffer_clear(&text);
	buffer_format(&text,
		      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\",\"kid\":\"%s\",\"use\":\"sig\","
		      "\"alg\":\"ES256\"}",
		      x, y, key->id);
	key->jwk = mem_text(text.bytes);
	buffer_done(&text);
	return OK;
}

static EVP_PKEY *read_private(const char *pem)
{
	scoped(BIO_free_all) BIO *source = BIO_new_mem_buf(pem, -1);

	return PEM_read_bio_PrivateKey(source, NULL, NULL, NULL);
}

define_freep(struct token_key, token_key_free);

enum status token_key_load(const char *pem, const char *const *roles, struct token_key **ret_key)
{
	scoped(token_key_free) struct token_key *key = mem_new(1, sizeof(*key));
	scoped(EVP_PKEY_free) EVP_PKEY *pkey = read_private(pem);

	if (pkey == NULL || key_describe(key, pkey) != OK)
		return E_MALFORMED;
	key->pem = mem_text(pem);
	key->roles = roles;
	*ret_key = key;
	key = NULL;
	return OK;
}

void token_key_free(struct token_key *key)
{
	if (key == NULL)
		return;
	if (key->pem != NULL)
		sodium_memzero(key->pem, strlen(key->pem));
	free(key->pem);
	free(key->jwk);
	free(key);
}

const char *token_key_id(const struct token_key *key)
{
	return key->id;
}

const char *token_key_jwk(const struct token_key *key)
{
	return key->jwk;
}

static bool put_claims(jwt_t *jwt, const struct token_claims *claims, const char *role)
{
	char user[UUID_TEXT + 1], session[UUID_TEXT + 1];

	uuid_text(&claims->caller.user_id, user);
	uuid_text(&claims->caller.session_id, session);
	return jwt_add_grant(jwt, "iss", issuer) == 0 && jwt_add_grant(jwt, "aud", issuer) == 0 &&
	       jwt_add_grant(jwt, "sub", user) == 0 && jwt_add_grant(jwt, "sid", session) == 0 &&
	       jwt_add_grant(jwt, "role", role) == 0 &&
	       jwt_add_grant_int(jwt, "iat", (long)(claims->issued_us / SECOND_US)) == 0 &&
	       jwt_add_grant_int(jwt, "exp", (long)(claims->expires_us / SECOND_US)) == 0;
}

enum status token_sign(const struct token_key *key, const struct token_claims *claims, struct arena *arena,
		       const char **ret_token)
{
	scoped(jwt_free) jwt_t *jwt = NULL;
	char *token = NULL;

	if (jwt_new(&jwt) != 0 || !put_claims(jwt, claims, key->roles[claims->caller.role]) ||
	    jwt_add_header(jwt, "kid", key->id) != 0 ||
	    jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)key->pem, (int)strlen(key->pem)) != 0)
		return E_INTERNAL;
	token = jwt_encode_str(jwt);
	if (token == NULL)
		return E_INTERNAL;
	*ret_token = arena_text(arena, token);
	free(token);
	return OK;
}
