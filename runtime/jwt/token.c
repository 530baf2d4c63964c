/* Access tokens by libjwt, keys by OpenSSL. The only algorithm is ES256. A token with another one is refused: "none",
 * or HS256 with the public key as the secret (RFC 8725 section 2.1). */
#include "jwt/token.h"

#include <errno.h>
#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <string.h>

#include "json/json.h"

enum {
	COORDINATE = 32,      /* bytes of x or y on P-256 */
	COORDINATE_TEXT = 44, /* in base64url, with a NUL */
	THUMBPRINT_TEXT = 44,
	SKEW_S = 30, /* the accepted difference between clocks */
	TOKEN_MAX = 4096,
	KEYS_MAX = 16
};

static const char issuer[] = "comanda";

define_freep(EVP_PKEY, EVP_PKEY_free);
define_freep(BIO, BIO_free_all);
define_freep(BIGNUM, BN_free);
define_freep(jwt_t, jwt_free);
define_freep(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
define_freep(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);
define_freep(OSSL_PARAM, OSSL_PARAM_free);

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

/* ---- public keys ---- */

struct public_key {
	char *id, *pem;
};

struct token_keys {
	struct public_key items[KEYS_MAX];
	size_t count;
	const char *const *roles;
};

static enum status read_coordinate(const struct json *jwk, const char *name, unsigned char ret_bytes[COORDINATE])
{
	const char *text = json_text(json_member(jwk, name));
	size_t size = 0;

	if (text == NULL || sodium_base642bin(ret_bytes, COORDINATE, text, strlen(text), NULL, &size, NULL,
					      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return E_MALFORMED;
	return size == COORDINATE ? OK : E_MALFORMED;
}

/* NULL: the point is not on the curve, which OpenSSL checks. */
static EVP_PKEY *public_from_point(const unsigned char point[1 + 2 * COORDINATE])
{
	scoped(OSSL_PARAM_BLD_free) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	scoped(EVP_PKEY_CTX_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	scoped(OSSL_PARAM_free) OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * COORDINATE);
	params = OSSL_PARAM_BLD_to_param(build);
	if (EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return pkey;
}

static char *public_pem(EVP_PKEY *pkey)
{
	scoped(BIO_free_all) BIO *sink = BIO_new(BIO_s_mem());
	char *bytes = NULL, *pem = NULL;
	long size = 0;

	if (PEM_write_bio_PUBKEY(sink, pkey) != 1)
		abort(); /* only out of memory */
	size = BIO_get_mem_data(sink, &bytes);
	pem = mem_new((size_t)size + 1, 1);
	memcpy(pem, bytes, (size_t)size);
	return pem;
}

static bool member_is(const struct json *jwk, const char *name, const char *wanted)
{
	const char *text = json_text(json_member(jwk, name));

	return text != NULL && strcmp(text, wanted) == 0;
}

static enum status public_key_read(const struct json *jwk, struct public_key *ret_key)
{
	const char *id = json_text(json_member(jwk, "kid"));
	unsigned char point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
	scoped(EVP_PKEY_free) EVP_PKEY *pkey = NULL;

	if (id == NULL || !member_is(jwk, "kty", "EC") || !member_is(jwk, "crv", "P-256"))
		return E_MALFORMED;
	if (read_coordinate(jwk, "x", point + 1) != OK || read_coordinate(jwk, "y", point + 1 + COORDINATE) != OK)
		return E_MALFORMED;
	pkey = public_from_point(point);
	if (pkey == NULL)
		return E_MALFORMED;
	*ret_key = (struct public_key){.id = mem_text(id), .pem = public_pem(pkey)};
	return OK;
}

static enum status keys_read(struct token_keys *keys, struct span jwks, struct arena *arena)
{
	struct faults faults = {.count = 0};
	const struct json *document = NULL, *list = NULL;

	if (json_parse(arena, jwks, &faults, &document) != OK)
		return E_MALFORMED;
	list = json_member(document, "keys");
	if (list == NULL || json_count(list) < 0)
		return E_MALFORMED;
	/* A key of another type is left out (RFC 7517 section 5). */
	for (int i = 0; i < json_count(list) && keys->count < KEYS_MAX; i++)
		if (public_key_read(json_item(list, i), &keys->items[keys->count]) == OK)
			keys->count++;
	return OK;
}

enum status token_keys_load(struct span jwks, const char *const *roles, struct token_keys **ret_keys)
{
	struct token_keys *keys = mem_new(1, sizeof(*keys));
	enum status status = OK;
	struct arena arena;

	keys->roles = roles;
	arena_init(&arena);
	status = keys_read(keys, jwks, &arena);
	arena_done(&arena);
	if (status != OK) {
		token_keys_free(keys);
		return status;
	}
	*ret_keys = keys;
	return OK;
}

void token_keys_free(struct token_keys *keys)
{
	if (keys == NULL)
		return;
	for (size_t i = 0; i < keys->count; i++) {
		free(keys->items[i].id);
		free(keys->items[i].pem);
	}
	free(keys);
}

/* ---- verifying ---- */

static const struct public_key *keys_find(const struct token_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->items[i].id, id) == 0)
			return &keys->items[i];
	return NULL;
}

static bool has_header(jwt_t *jwt, const char *name)
{
	char *value = jwt_get_headers_json(jwt, name);
	bool found = value != NULL;

	free(value);
	return found;
}

/* Chooses the key by the header of the token, which is not verified yet. */
static enum status choose_key(const struct token_keys *keys, const char *token, const struct public_key **ret_key)
{
	scoped(jwt_free) jwt_t *jwt = NULL;
	const char *algorithm = NULL, *id = NULL;

	if (strlen(token) > TOKEN_MAX || jwt_decode(&jwt, token, NULL, 0) != 0)
		return E_UNAUTHENTICATED;
	algorithm = jwt_get_header(jwt, "alg"); /* jwt_get_alg returns NONE without a key */
	id = jwt_get_header(jwt, "kid");
	/* RFC 7515 section 4.1.11: "crit" names extensions that must be understood. This code understands none. */
	if (algorithm == NULL || strcmp(algorithm, "ES256") != 0 || id == NULL || has_header(jwt, "crit"))
		return E_UNAUTHENTICATED;
	*ret_key = keys_find(keys, id);
	return *ret_key != NULL ? OK : E_NOT_FOUND;
}

static bool claim_is(jwt_t *jwt, const char *name, const char *wanted)
{
	const char *text = jwt_get_grant(jwt, name);

	return text != NULL && strcmp(text, wanted) == 0;
}

static bool claim_uuid(jwt_t *jwt, const char *name, struct uuid *ret_id)
{
	const char *text = jwt_get_grant(jwt, name);

	return text != NULL && uuid_parse(text, strlen(text), ret_id) == OK;
}

/* The first role is refused: it means a caller without a token. */
static bool claim_role(jwt_t *jwt, const char *const *roles, int *ret_role)
{
	const char *text = jwt_get_grant(jwt, "role");

	for (int i = 1; text != NULL && roles[i] != NULL; i++)
		if (strcmp(roles[i], text) == 0) {
			*ret_role = i;
			return true;
		}
	return false;
}

/* Seconds since 1970 that fit into int64_t microseconds. */
static bool claim_time(jwt_t *jwt, const char *name, int64_t *ret_us)
{
	long seconds = 0;

	errno = 0;
	seconds = jwt_get_grant_int(jwt, name);
	if (errno != 0 || seconds <= 0 || seconds > INT64_MAX / SECOND_US - SKEW_S)
		return false;
	*ret_us = seconds * SECOND_US;
	return true;
}

enum status token_verify(const struct token_keys *keys, const char *token, int64_t now_us,
			 struct token_claims *ret_claims)
{
	scoped(jwt_free) jwt_t *jwt = NULL;
	const struct public_key *key = NULL;
	struct token_claims claims = {.issued_us = 0};
	enum status status = choose_key(keys, token, &key);

	if (status != OK)
		return status;
	if (jwt_decode(&jwt, token, (const unsigned char *)key->pem, (int)strlen(key->pem)) != 0)
		return E_UNAUTHENTICATED;
	if (jwt_get_alg(jwt) != JWT_ALG_ES256 || !claim_is(jwt, "iss", issuer) || !claim_is(jwt, "aud", issuer))
		return E_UNAUTHENTICATED;
	if (!claim_uuid(jwt, "sub", &claims.caller.user_id) || !claim_uuid(jwt, "sid", &claims.caller.session_id) ||
	    !claim_role(jwt, keys->roles, &claims.caller.role))
		return E_UNAUTHENTICATED;
	if (!claim_time(jwt, "iat", &claims.issued_us) || !claim_time(jwt, "exp", &claims.expires_us))
		return E_UNAUTHENTICATED;
	if (now_us > claims.expires_us + SKEW_S * SECOND_US)
		return E_UNAUTHENTICATED;
	*ret_claims = claims;
	return OK;
}
