/* Access tokens: JWTs signed ES256 (RFC 7519, RFC 7518 section 3.4), by libjwt; keys as JWK (RFC 7517) by OpenSSL. */
#ifndef JWT_TOKEN_H
#define JWT_TOKEN_H

#include "core/message.h"

#define TOKEN_ISSUER "comanda" /* also the audience */

struct token_claims {
	struct caller caller; /* sub, sid, role */
	int64_t issued_us, expires_us;
};

/* `roles` are the names that the claim "role" may have, as `struct contract` has them (core/message.h): a token never
 * has the first one. The list lives as long as the keys. */

/* A private key, from PEM (EC P-256). Its id is the thumbprint of RFC 7638. */
struct token_key;
must_check enum status token_key_load(const char *pem, const char *const *roles, struct token_key **ret_key);
void token_key_free(struct token_key *key);
const char *token_key_id(const struct token_key *key);
/* {"kty":"EC","crv":"P-256","x":…,"y":…,"kid":…,"use":"sig","alg":"ES256"} */
const char *token_key_jwk(const struct token_key *key);
/* Issuer and audience are "comanda". The text lives in the arena. */
must_check enum status token_sign(const struct token_key *key, const struct token_claims *claims, struct arena *arena,
				  const char **ret_token);

/* Public keys, from a JWKS document. */
struct token_keys;
must_check enum status token_keys_load(struct span jwks, const char *const *roles, struct token_keys **ret_keys);
void token_keys_free(struct token_keys *keys);
/* E_UNAUTHENTICATED: not a token of this issuer, expired (with 30 s for the difference between clocks), or another
 * algorithm. E_NOT_FOUND: signed with a key that is not in the set. The caller fetches the set again and repeats. */
must_check enum status token_verify(const struct token_keys *keys, const char *token, int64_t now_us,
				    struct token_claims *ret_claims);

#endif
