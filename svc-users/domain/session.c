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

static const struct live_token *find_token(const struct session *session, const struct token_hash *presented)
{
	for (size_t i = 0; i < session->token_count; i++)
		if (token_hash_equal(&session->tokens[i].hash, presented))
			return &session->tokens[i];
	return NULL;
}

/* A successor of the token that was not used yet. NULL: there is none, or one of them was used. */
static const struct live_token *find_successor(const struct session *session, const struct token_hash *presented)
{
	for (size_t i = 0; i < session->token_count; i++) {
		const struct live_token *token = &session->tokens[i];

		if (token->parent_used_at != INT_ABSENT && token_hash_equal(&token->parent, presented))
			return token;
	}
	return NULL;
}

bool session_knows(const struct session *session, const struct token_hash *presented)
{
	return find_token(session, presented) != NULL || find_successor(session, presented) != NULL;
}

bool session_accepts(const struct session *session, const struct token_hash *presented, int64_t now_us)
{
	if (find_token(session, presented) != NULL)
		return true;
	const struct live_token *successor = find_successor(session, presented);
	return successor != NULL && now_us - successor->parent_used_at <= REFRESH_GRACE_US;
}

/* A used token proves that its reply arrived: its parent gives no more successors. */
static void use_token(struct session *session, const struct live_token *used)
{
	const struct live_token copy = *used;
	size_t kept = 0;

	for (size_t i = 0; i < session->token_count; i++) {
		struct live_token token = session->tokens[i];

		if (token_hash_equal(&token.hash, &copy.hash))
			continue;
		if (copy.parent_used_at != INT_ABSENT && token_hash_equal(&token.parent, &copy.parent))
			token.parent_used_at = INT_ABSENT;
		session->tokens[kept++] = token;
	}
	session->token_count = kept;
}

void session_rotate(struct session *session, const struct token_hash *presented, const struct token_hash *successor,
		    int64_t lifetime_us, int64_t now_us)
{
	struct live_token token = {.hash = *successor, .parent = *presented, .parent_used_at = now_us};
	const struct live_token *used = find_token(session, presented);

	if (used != NULL)
		use_token(session, used);
	else
		token.parent_used_at = find_successor(session, presented)->parent_used_at;
	if (session->token_count == SESSION_TOKENS_MAX)
		session->token_count--;
	memmove(session->tokens + 1, session->tokens, session->token_count * sizeof(token));
	session->tokens[0] = token;
	session->token_count++;
	session->expires_at = now_us + lifetime_us;
}
