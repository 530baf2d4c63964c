/* A session: one sign-in and the family of refresh tokens that follows from it.
 *
 * Each refresh replaces the token (rotation: RFC 9700, section 4.14.2). If a replaced token comes back, two parties
 * have tokens of the family, and one of them is a thief. So the whole family ends. */
#ifndef USERS_DOMAIN_SESSION_H
#define USERS_DOMAIN_SESSION_H

#include "users/domain/user.h"

/* A refresh token is "<session id>.<43 characters of base64url>". */
enum { REFRESH_SECRET_TEXT = 43, REFRESH_TOKEN_TEXT = UUID_TEXT + 1 + REFRESH_SECRET_TEXT };

/* For this long after a rotation, the replaced token still gives a new successor if no successor was used. So a lost
 * reply does not sign the user out. */
#define REFRESH_GRACE_US (60 * SECOND_US)

/* BLAKE2b-256 of a refresh token. A token of 256 random bits needs no slow hash. */
struct token_hash {
	uint8_t bytes[32];
};

/* The aggregate. One refresh token of the family is valid at a time. */
struct session {
	struct uuid id, user_id;
	struct token_hash current, previous; /* previous: all zero until the first rotation */
	int64_t epoch;                       /* the user's session_epoch at sign-in */
	int64_t created_at, expires_at;
	int64_t rotated_at; /* INT_ABSENT: never */
	bool revoked;
};

/* The session that a refresh token names. E_MALFORMED: the text is no refresh token of this service. */
must_check enum status refresh_token_session(const char *token, struct uuid *ret_session_id);

bool token_hash_equal(const struct token_hash *a, const struct token_hash *b);

/* Whether the session can still be refreshed. */
bool session_is_valid(const struct session *session, const struct user *user, int64_t now_us);

/* Whether a token of the family may be exchanged: the current one, or the previous one within REFRESH_GRACE_US. */
bool session_accepts(const struct session *session, const struct token_hash *presented, int64_t now_us);

/* Exchanges the accepted token `presented` for `successor`, and extends the session by `lifetime_us`. */
void session_rotate(struct session *session, const struct token_hash *presented, const struct token_hash *successor,
		    int64_t lifetime_us, int64_t now_us);

#endif
