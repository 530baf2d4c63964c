/* Passwords and the secrets of refresh tokens, by libsodium. */
#ifndef USERS_CREDENTIALS_H
#define USERS_CREDENTIALS_H

#include "users/domain/session.h"

/* argon2id with 19 MiB and two passes: the minimum of OWASP's Password Storage Cheat Sheet. Takes tens of milliseconds.
 * The hash carries its salt and parameters, and lives in the arena. E_UNAVAILABLE: no memory for it. */
must_check enum status password_hash(const char *password, struct arena *arena, const char **ret_hash);
/* Whether the hash is one of this password. A NULL hash: false, after the same time. */
bool password_matches(const char *hash, const char *password);

/* A new refresh token of a session, in the arena. */
const char *refresh_token_new(const struct uuid *session_id, struct arena *arena);
struct token_hash refresh_token_hash(const char *token);

#endif
