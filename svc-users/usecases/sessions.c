/* Sessions: sign in, refresh, sign out. */
#include "users/domain/users.h"

#include <string.h>

const struct aggregate session_kind = {"session", sizeof(struct session)};

enum status refresh_token_session(const char *token, struct uuid *ret_session_id)
{
	if (strlen(token) != REFRESH_TOKEN_TEXT || token[UUID_TEXT] != '.')
		return E_MALFORMED;
	return uuid_parse(token, UUID_TEXT, ret_session_id);
}

/* ---- sign in ---- */

void sign_in_keys(struct keys *keys, const struct message *message)
{
	const struct sign_in_facts *facts = message->prepared;

	if (uuid_is_nil(&facts->user_id))
		return;
	keys_add(keys, &user_kind, &facts->user_id);
	keys_add(keys, &session_kind, &facts->issued.session_id);
}

/* One wording for unknown, wrong and disabled: a stranger learns nothing about who has an account. */
static enum status refuse_credentials(struct unit *unit)
{
	return unit_refuse(unit, E_UNAUTHENTICATED, "bad_credentials", NULL,
			   "The e-mail address or the password is not right.");
}

static void start_session(struct unit *unit, const struct user *user, const struct issued_tokens *issued)
{
	struct session *session = unit_new(unit, &session_kind, &issued->session_id);

	*session = (struct session){
		.id = issued->session_id,
		.user_id = user->id,
		.current = issued->hash,
		.epoch = user->session_epoch,
		.created_at = unit_now(unit),
		.expires_at = unit_now(unit) + issued->lifetime_us,
		.rotated_at = INT_ABSENT,
	};
}

enum status sign_in(struct unit *unit, const struct message *message)
{
	const struct sign_in_facts *facts = message->prepared;

	if (uuid_is_nil(&facts->user_id))
		return refuse_credentials(unit);
	const struct user *user = unit_get(unit, &user_kind, &facts->user_id);
	if (user == NULL)
		return refuse_credentials(unit);
	if (user->version != facts->user_version)
		return E_RETRY;
	if (!facts->matches || user->status != USER_ACTIVE)
		return refuse_credentials(unit);
	start_session(unit, user, &facts->issued);
	unit_reply_secret(unit, facts->issued.view);
	return OK;
}

/* ---- refresh ---- */

void refresh_keys(struct keys *keys, const struct message *message)
{
	const struct refresh_facts *facts = message->prepared;

	if (uuid_is_nil(&facts->user_id))
		return;
	keys_add(keys, &user_kind, &facts->user_id);
	keys_add(keys, &session_kind, &facts->session_id);
}

static enum status refuse_refresh(struct unit *unit)
{
	return unit_refuse(unit, E_UNAUTHENTICATED, "bad_refresh_token", NULL,
			   "This refresh token is not good any more: sign in again.");
}

static bool is_hash(const struct token_hash *a, const struct token_hash *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool session_lives(const struct session *session, const struct user *user, int64_t now_us)
{
	return !session->revoked && session->expires_at > now_us && user->status == USER_ACTIVE &&
	       session->epoch == user->session_epoch;
}

/* Only the token before the current one can have lost its answer: once a successor is used, the one before it is older
 * than that. */
static bool within_grace(const struct session *session, const struct token_hash *presented, int64_t now_us)
{
	return session->rotated_at != INT_ABSENT && is_hash(presented, &session->previous) &&
	       now_us - session->rotated_at <= REFRESH_GRACE_US;
}

/* A token that was replaced long ago comes from a thief, or from the victim of one: nobody can tell which, so the
 * family ends. The refusal is the answer and the end is kept. */
static enum status end_family(struct unit *unit, const struct uuid *session_id)
{
	struct session *session = unit_edit(unit, &session_kind, session_id);

	session->revoked = true;
	(void)refuse_refresh(unit);
	return OK;
}

static void rotate(struct unit *unit, struct session *session, const struct refresh_facts *facts)
{
	if (is_hash(&facts->presented, &session->current)) {
		session->previous = session->current;
		session->rotated_at = unit_now(unit);
	}
	session->current = facts->issued.hash;
	session->expires_at = unit_now(unit) + facts->issued.lifetime_us;
}

enum status refresh_session(struct unit *unit, const struct message *message)
{
	const struct refresh_facts *facts = message->prepared;

	if (uuid_is_nil(&facts->user_id))
		return refuse_refresh(unit);
	const struct user *user = unit_get(unit, &user_kind, &facts->user_id);
	const struct session *session = unit_get(unit, &session_kind, &facts->session_id);
	if (user == NULL || session == NULL || !session_lives(session, user, unit_now(unit)))
		return refuse_refresh(unit);
	if (!is_hash(&facts->presented, &session->current) && !within_grace(session, &facts->presented, unit_now(unit)))
		return end_family(unit, &facts->session_id);
	if (user->version != facts->user_version) /* the role in the new token may be an old one */
		return E_RETRY;
	rotate(unit, unit_edit(unit, &session_kind, &facts->session_id), facts);
	unit_reply_secret(unit, facts->issued.view);
	return OK;
}

/* ---- sign out ---- */

/* The session of the refresh token that is given, else the one that the access token was made in. A token that makes no
 * sense names none. */
static struct uuid session_to_end(const struct message *message)
{
	const struct tokens_refresh *wanted = message->body;
	struct uuid id = {{0}};

	if (wanted->refresh_token == NULL)
		return message->caller.session_id;
	return refresh_token_session(wanted->refresh_token, &id) == OK ? id : (struct uuid){{0}};
}

void sign_out_keys(struct keys *keys, const struct message *message)
{
	const struct uuid id = session_to_end(message);

	if (!uuid_is_nil(&id))
		keys_add(keys, &session_kind, &id);
}

/* Somebody else's token, or one that is no good, is answered like one's own: RFC 7009, section 2.2. */
enum status sign_out(struct unit *unit, const struct message *message)
{
	const struct uuid id = session_to_end(message);

	if (message->caller.role == CALLER_NOBODY)
		return unit_refuse(unit, E_UNAUTHENTICATED, "unauthenticated", NULL, "Sign in first.");
	const struct session *session = uuid_is_nil(&id) ? NULL : unit_get(unit, &session_kind, &id);
	if (session == NULL || session->revoked || !uuid_equal(&session->user_id, &message->caller.user_id))
		return OK;
	((struct session *)unit_edit(unit, &session_kind, &id))->revoked = true;
	return OK;
}
