/* Access tokens and refresh tokens: what they are made with, and how a pair is issued. */
#ifndef USERS_CREDENTIALS_TOKENS_H
#define USERS_CREDENTIALS_TOKENS_H

#include "comanda/service.h"
#include "users/usecases/decisions.h"

/* From the settings, before the consumers start; afterwards only read. */
struct token_settings {
	const char *key_pem, *secondary_key_pem; /* secondary "": none */
	int64_t access_us, refresh_us;           /* lifetimes */

	/* made by tokens_load_keys */
	struct token_key *signing_key, *secondary_key; /* secondary NULL: none */
};

/* Loads the keys that are not loaded yet. E_INVALID: a key cannot be loaded; the log says which setting is wrong. */
must_check enum status tokens_load_keys(struct token_settings *settings);
void tokens_free_keys(struct token_settings *settings);

/* The public keys as a JSON array of JWK (RFC 7517), in the arena. */
const char *tokens_jwks(const struct token_settings *settings, struct arena *arena);

/* A new pair for the caller's user, session and role, in the arena. Any status but OK: the access token could not be
 * signed. */
must_check enum status tokens_issue(const struct token_settings *settings, const struct caller *caller,
				    struct arena *arena, struct issued_tokens *ret_issued);

#endif
