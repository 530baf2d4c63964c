/* A session: one sign-in and the family of refresh tokens that follows from it.
 *
 * Each refresh replaces the token (rotation: RFC 9700, section 4.14.2). If a replaced token comes back, two parties
 * have tokens of the family, and one of them is a thief. So the whole family ends.
 *
 * Within a grace period, a replaced token may come back: two tabs refreshed at the same time, or a reply was lost. It
 * then gets one more successor, and its successors live side by side. */
#ifndef USERS_DOMAIN_SESSION_H
#define USERS_DOMAIN_SESSION_H

#include "users/domain/user.h"

/* A refresh token is "<session id>.<43 characters of base64url>". */
enum { REFRESH_SECRET_TEXT = 43, REFRESH_TOKEN_TEXT = UUID_TEXT + 1 + REFRESH_SECRET_TEXT };

/* For this long after its first use, a token still gives new successors if none of them was used. */
#define REFRESH_GRACE_US (60 * SECOND_US)

/* Valid tokens of one session. One more replaces the oldest. */
enum { SESSION_TOKENS_MAX = 8 };

/* BLAKE2b-256 of a refresh token. A token of 256 random bits needs no slow hash. */
struct token_hash {
	uint8_t bytes[32];
};

/* A valid refresh token, and the token that it was given for. */
struct live_token {
	struct token_hash hash;
	struct token_hash parent; /* counts only with parent_used_at */
	int64_t parent_used_at;   /* the first use of the parent; INT_ABSENT: the parent gives no more successors */
};

/* The aggregate. */
struct session {
	struct uuid id, user_id;
	struct live_token tokens[SESSION_TOKENS_MAX]; /* newest first */
	size_t token_count;                           /* at least 1 */
	int64_t epoch;                                /* the user's session_epoch at sign-in */
	int64_t created_at, expires_at;
	bool revoked;
};

/* The session that a refresh token names. E_MALFORMED: the text is no refresh token of this service. */
must_check enum status refresh_token_session(const char *token, struct uuid *ret_session_id);

bool token_hash_equal(const struct token_hash *a, const struct token_hash *b);

/* Whether the session can still be refreshed. */
bool session_is_valid(const struct session *session, const struct user *user, int64_t now_us);

/* Whether a token of the family may be exchanged: a valid one, or the parent of one within REFRESH_GRACE_US. */
bool session_accepts(const struct session *session, const struct token_hash *presented, int64_t now_us);

/* Whether the session knows the token: a valid one, or the parent of one. */
bool session_knows(const struct session *session, const struct token_hash *presented);

/* Exchanges the accepted token `presented` for `successor`, and extends the session by `lifetime_us`. */
void session_rotate(struct session *session, const struct token_hash *presented, const struct token_hash *successor,
		    int64_t lifetime_us, int64_t now_us);

#endif
