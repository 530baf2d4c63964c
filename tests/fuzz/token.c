/* Access tokens. "R", a token, a line feed, a key set: used unchanged. "S", a header, a line feed, claims, both as
 * JSON: signed with a known key, so that the checks of the claims run. */
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <string.h>

#include "jwt/token.h"
#include "proto/messages.h"
#include "tests/fuzz/fuzz.h"
#include "json/json.h"

enum { SIGNATURE = 64, DER_MAX = 80 };

/* A key for this test only; the corpus uses it. */
static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
			      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgB9cVoGX7BACgQgzC\n"
			      "61o2tLS6hdKrx6uvQItSyx/ALmChRANCAAQw46LJg/d1CYCX5l87Zk/DtgjtVlDW\n"
			      "i0omIkKMIdUuR54FHjjZKCFl5ef2Lt6411pYwpXdrekMhY4Q0tsA0RUa\n"
			      "-----END PRIVATE KEY-----\n";

static const int64_t now = 1790000000 * SECOND_US;

static struct arena kept;
static struct token_keys *keys;
static EVP_PKEY *pkey;

void target_begin(void)
{
	struct token_key *key = NULL;
	BIO *source = BIO_new_mem_buf(key_pem, -1);

	json_init();
	arena_init(&kept);
	must(sodium_init() >= 0);
	must(token_key_load(key_pem, comanda_contract.roles, &key) == OK);
	must(token_keys_load(span_of(arena_format(&kept, "{\"keys\":[%s]}", token_key_jwk(key))),
			     comanda_contract.roles, &keys) == OK);
	token_key_free(key);
	pkey = PEM_read_bio_PrivateKey(source, NULL, NULL, NULL);
	must(pkey != NULL);
	BIO_free(source);
}

static const char *encoded(struct arena *arena, const void *bytes, size_t size)
{
	size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

	return sodium_bin2base64(arena_new(arena, room, 1), room, bytes, size,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* ES256 (RFC 7518 section 3.4): r and s as 32 bytes each; OpenSSL returns DER. */
static const char *signature_of(struct arena *arena, const char *text)
{
	unsigned char der[DER_MAX], raw[SIGNATURE];
	const unsigned char *at = der;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = sizeof(der);

	must(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pkey) == 1);
	must(EVP_DigestSign(context, der, &size, (const unsigned char *)text, strlen(text)) == 1);
	EVP_MD_CTX_free(context);
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)size);
	must(signature != NULL);
	must(BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, SIGNATURE / 2) == SIGNATURE / 2);
	must(BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + SIGNATURE / 2, SIGNATURE / 2) == SIGNATURE / 2);
	ECDSA_SIG_free(signature);
	return encoded(arena, raw, sizeof(raw));
}

static void verify_signed(struct arena *arena, struct span header, struct span body)
{
	const char *text = arena_format(arena, "%s.%s", encoded(arena, header.bytes, header.size),
					encoded(arena, body.bytes, body.size));
	struct token_claims claims;

	if (token_verify(keys, arena_format(arena, "%s.%s", text, signature_of(arena, text)), now, &claims) != OK)
		return;
	must(claims.caller.role == CALLER_CUSTOMER || claims.caller.role == CALLER_ADMIN);
	must(claims.expires_us >= now - MINUTE_US);
}

/* Only these tokens of the corpus are correctly signed, so that no other may be accepted. */
static void verify_raw(struct arena *arena, struct span token, struct span jwks)
{
	const char *text = arena_copy(arena, token.bytes, token.size);
	struct token_keys *given = NULL;
	struct token_claims claims;

	must(token_verify(keys, text, now, &claims) != OK);
	if (token_keys_load(jwks, comanda_contract.roles, &given) != OK)
		return;
	must(token_verify(given, text, now, &claims) != OK);
	token_keys_free(given);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes, *line = size > 0 ? memchr(text, '\n', size) : NULL;
	struct arena arena;

	if (line == NULL)
		return 0;
	const struct span first = {text + 1, line > text ? (size_t)(line - text) - 1 : 0};
	const struct span second = {line + 1, size - (size_t)(line + 1 - text)};
	arena_init(&arena);
	if (*text == 'S')
		verify_signed(&arena, first, second);
	else if (*text == 'R')
		verify_raw(&arena, first, second);
	arena_done(&arena);
	return 0;
}
