/* The rules of one session. */
#include "users/domain/session.h"

#include <string.h>

enum status refresh_token_session(const char *token, struct uuid *ret_session_id)
{
	if (strlen(token) != REFRESH_TOKEN_TEXT || token[UUID_TEXT] != '.')
		return E_MALFORMED;
	return uuid_parse(token, UUID_TEXT, ret_session_id);
}

bool token_hash_equal(const struct token_hash *a, const struct token_hash *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool session_is_valid(const struct session *session, const struct user *user, int64_t now_us)
{
	return !session->revoked && session->expires_at > now_us && !user->disabled &&
	       session->epoch == user->session_epoch;
}

/* Only the token before the current one can have lost its reply. When its successor was used, an older token is
 * replaced for good. */
static bool within_grace(const struct session *session, const struct token_hash *presented, int64_t now_us)
{
	return session->rotated_at != INT_ABSENT && token_hash_equal(presented, &session->previous) &&
	       now_us - session->rotated_at <= REFRESH_GRACE_US;
}

bool session_accepts(const struct session *session, const struct token_hash *presented, int64_t now_us)
{
	return token_hash_equal(presented, &session->current) || within_grace(session, presented, now_us);
}

void session_rotate(struct session *session, const struct token_hash *presented, const struct token_hash *successor,
		    int64_t lifetime_us, int64_t now_us)
{
	if (token_hash_equal(presented, &session->current)) {
		session->previous = session->current;
		session->rotated_at = now_us;
	}
	session->current = *successor;
	session->expires_at = now_us + lifetime_us;
}
