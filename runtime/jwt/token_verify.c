/* Public keys and verification, by OpenSSL. The only algorithm is ES256. A token with another one is refused: "none",
 * or HS256 with the public key as the secret (RFC 8725 section 2.1).
 *
 * The parts of a token are read strictly: base64url without padding, and JSON that nothing follows. So a token has one
 * valid text. libjwt reads both leniently, so it only signs here. */
#include "jwt/token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <string.h>

#include "json/json.h"

enum {
	COORDINATE = 32, /* bytes of x or y on P-256, and of r or s of a signature */
	SKEW_S = 30,     /* the accepted difference between clocks */
	TOKEN_MAX = 4096,
	KEYS_MAX = 16
};

define_freep(EVP_PKEY, EVP_PKEY_free);
define_freep(EVP_MD_CTX, EVP_MD_CTX_free);
define_freep(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
define_freep(ECDSA_SIG, ECDSA_SIG_free);
define_freep(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);
define_freep(OSSL_PARAM, OSSL_PARAM_free);

/* ---- public keys ---- */

struct public_key {
	char *id;
	EVP_PKEY *pkey;
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
	*ret_key = (struct public_key){.id = mem_text(id), .pkey = pkey};
	pkey = NULL;
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
		EVP_PKEY_free(keys->items[i].pkey);
	}
	free(keys);
}

/* ---- the parts of a token ---- */

struct token_parts {
	struct span header, claims; /* JSON */
	struct span signature;      /* bytes */
	struct span signed_text;    /* header and claims as they were sent */
};

/* Strict base64url without padding (RFC 7515 section 2). */
static bool decode_part(struct arena *arena, struct span text, struct span *ret_bytes)
{
	unsigned char *bytes = arena_new(arena, text.size + 1, 1);
	size_t size = 0;

	if (sodium_base642bin(bytes, text.size, text.bytes, text.size, NULL, &size, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return false;
	*ret_bytes = (struct span){(const char *)bytes, size};
	return true;
}

static bool split_token(struct arena *arena, const char *token, struct token_parts *ret_parts)
{
	const size_t size = strnlen(token, TOKEN_MAX + 1);
	const char *first = NULL, *second = NULL;

	if (size > TOKEN_MAX)
		return false;
	first = strchr(token, '.');
	second = first != NULL ? strchr(first + 1, '.') : NULL;
	if (second == NULL)
		return false;
	ret_parts->signed_text = (struct span){token, (size_t)(second - token)};
	return decode_part(arena, (struct span){token, (size_t)(first - token)}, &ret_parts->header) &&
	       decode_part(arena, (struct span){first + 1, (size_t)(second - first - 1)}, &ret_parts->claims) &&
	       decode_part(arena, span_of(second + 1), &ret_parts->signature);
}

/* ---- the header ---- */

static const struct public_key *keys_find(const struct token_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->items[i].id, id) == 0)
			return &keys->items[i];
	return NULL;
}

/* Chooses the key by the header of the token, which is not verified yet. */
static enum status choose_key(const struct token_keys *keys, struct span header, struct arena *arena,
			      const struct public_key **ret_key)
{
	struct faults faults = {.count = 0};
	const struct json *json = NULL;
	const char *id = NULL;

	if (json_parse(arena, header, &faults, &json) != OK)
		return E_UNAUTHENTICATED;
	id = json_text(json_member(json, "kid"));
	/* RFC 7515 section 4.1.11: "crit" names extensions that must be understood. This code understands none. */
	if (!member_is(json, "alg", "ES256") || id == NULL || json_member(json, "crit") != NULL)
		return E_UNAUTHENTICATED;
	*ret_key = keys_find(keys, id);
	return *ret_key != NULL ? OK : E_NOT_FOUND;
}

/* ---- the signature ---- */

/* ES256 (RFC 7518 section 3.4): r and s as 32 bytes each. OpenSSL takes DER. Returns its size; 0: no signature. */
static int der_of_signature(struct span signature, unsigned char **ret_der)
{
	const unsigned char *bytes = (const unsigned char *)signature.bytes;
	scoped(ECDSA_SIG_free) ECDSA_SIG *numbers = ECDSA_SIG_new();

	if (signature.size != (size_t)2 * COORDINATE ||
	    ECDSA_SIG_set0(numbers, BN_bin2bn(bytes, COORDINATE, NULL),
			   BN_bin2bn(bytes + COORDINATE, COORDINATE, NULL)) != 1)
		return 0;
	return i2d_ECDSA_SIG(numbers, ret_der);
}

static bool is_signed_by(const struct public_key *key, const struct token_parts *parts)
{
	scoped(EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	const int size = der_of_signature(parts->signature, &der);
	const bool matches =
		size > 0 && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
		EVP_DigestVerify(context, der, (size_t)size, (const unsigned char *)parts->signed_text.bytes,
				 parts->signed_text.size) == 1;

	OPENSSL_free(der);
	return matches;
}

/* ---- the claims ---- */

struct claims {
	const char *iss, *aud, *role; /* aud: JSON */
	struct uuid sub, sid;
	int64_t iat, exp, nbf; /* seconds since 1970; nbf may be absent */
};

#define SECONDS_MAX (INT64_MAX / SECOND_US - SKEW_S) /* they must fit into int64_t microseconds */

static const struct field claim_fields[] = {
	field_text(struct claims, iss, REQUIRED, 1, 100),
	field_json(struct claims, aud, REQUIRED),
	field_text(struct claims, role, REQUIRED, 1, 100),
	field_uuid(struct claims, sub, REQUIRED),
	field_uuid(struct claims, sid, REQUIRED),
	field_int(struct claims, iat, REQUIRED, 1, SECONDS_MAX),
	field_int(struct claims, exp, REQUIRED, 1, SECONDS_MAX),
	field_int(struct claims, nbf, 0, 1, SECONDS_MAX),
	field_end,
};
static const struct schema claims_schema = {.name = "claims", .size = sizeof(struct claims), .fields = claim_fields};

static bool text_is(const struct json *json, const char *wanted)
{
	const char *text = json_text(json);

	return text != NULL && strcmp(text, wanted) == 0;
}

/* RFC 7519 section 4.1.3: one audience, or a list of them. */
static bool is_for_us(const char *audience, struct arena *arena)
{
	struct faults faults = {.count = 0};
	const struct json *json = NULL;

	if (json_parse(arena, span_of(audience), &faults, &json) != OK)
		return false;
	for (int i = 0; i < json_count(json); i++)
		if (text_is(json_item(json, i), TOKEN_ISSUER))
			return true;
	return text_is(json, TOKEN_ISSUER);
}

/* The first role is refused: it means a caller without a token. */
static bool role_of(const char *name, const char *const *roles, int *ret_role)
{
	for (int i = 1; roles[i] != NULL; i++)
		if (strcmp(roles[i], name) == 0) {
			*ret_role = i;
			return true;
		}
	return false;
}

static bool is_current(const struct claims *claims, int64_t now_us)
{
	return now_us <= (claims->exp + SKEW_S) * SECOND_US &&
	       (claims->nbf == INT_ABSENT || now_us >= (claims->nbf - SKEW_S) * SECOND_US);
}

static enum status read_claims(const struct token_keys *keys, struct span json, int64_t now_us, struct arena *arena,
			       struct token_claims *ret_claims)
{
	struct faults faults = {.count = 0};
	struct claims *claims = NULL;
	void *body = NULL;
	int role = 0;

	if (json_decode(json, &claims_schema, UNKNOWN_IGNORED, arena, &faults, &body) != OK)
		return E_UNAUTHENTICATED;
	claims = body;
	if (strcmp(claims->iss, TOKEN_ISSUER) != 0 || !is_for_us(claims->aud, arena) ||
	    !role_of(claims->role, keys->roles, &role) || !is_current(claims, now_us))
		return E_UNAUTHENTICATED;
	*ret_claims = (struct token_claims){
		.caller = {.user_id = claims->sub, .session_id = claims->sid, .role = role},
		.issued_us = claims->iat * SECOND_US,
		.expires_us = claims->exp * SECOND_US,
	};
	return OK;
}

static enum status verify(const struct token_keys *keys, const char *token, int64_t now_us, struct arena *arena,
			  struct token_claims *ret_claims)
{
	const struct public_key *key = NULL;
	struct token_parts parts;

	if (!split_token(arena, token, &parts))
		return E_UNAUTHENTICATED;
	const enum status status = choose_key(keys, parts.header, arena, &key);
	if (status != OK)
		return status;
	if (!is_signed_by(key, &parts))
		return E_UNAUTHENTICATED;
	return read_claims(keys, parts.claims, now_us, arena, ret_claims);
}

enum status token_verify(const struct token_keys *keys, const char *token, int64_t now_us,
			 struct token_claims *ret_claims)
{
	struct arena arena;

	arena_init(&arena);
	const enum status status = verify(keys, token, now_us, &arena, ret_claims);
	arena_done(&arena);
	return status;
}
