/* Sessions: sign in, refresh, sign out. */
#include "users/usecases/decisions.h"

const struct aggregate session_kind = {.name = "session", .size = sizeof(struct session)};

/* ---- sign in ---- */

void sign_in_keys(struct keys *keys, const struct message *message)
{
	const struct sign_in_facts *facts = message->prepared;

	if (uuid_is_nil(&facts->user_id))
		return;
	keys_add(keys, &user_kind, &facts->user_id);
	keys_add(keys, &session_kind, &facts->issued.session_id);
}

/* One text for an unknown address, a wrong password and a disabled account. A stranger cannot find out which
 * addresses have an account. */
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
		.tokens = {{.hash = issued->hash, .parent_used_at = INT_ABSENT}},
		.token_count = 1,
		.epoch = user->session_epoch,
		.created_at = unit_now(unit),
		.expires_at = unit_now(unit) + issued->lifetime_us,
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
	if (!facts->matches || user->disabled)
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
			   "This refresh token is no longer valid: sign in again.");
}

/* A token that was replaced long ago comes from a thief or from the thief's victim. The two look the same, so the
 * family ends. OK saves the end of the session, with the refusal as the reply. */
static enum status end_family(struct unit *unit, const struct uuid *session_id)
{
	struct session *session = unit_edit(unit, &session_kind, session_id);

	session->revoked = true;
	(void)refuse_refresh(unit);
	return OK;
}

enum status refresh_session(struct unit *unit, const struct message *message)
{
	const struct refresh_facts *facts = message->prepared;

	if (uuid_is_nil(&facts->user_id))
		return refuse_refresh(unit);
	const struct user *user = unit_get(unit, &user_kind, &facts->user_id);
	const struct session *session = unit_get(unit, &session_kind, &facts->session_id);
	if (user == NULL || session == NULL || !session_is_valid(session, user, unit_now(unit)))
		return refuse_refresh(unit);
	if (!session_accepts(session, &facts->presented, unit_now(unit)))
		return end_family(unit, &facts->session_id);
	if (user->version != facts->user_version) /* the role in the new token may be out of date */
		return E_RETRY;
	session_rotate(unit_edit(unit, &session_kind, &facts->session_id), &facts->presented, &facts->issued.hash,
		       facts->issued.lifetime_us, unit_now(unit));
	unit_reply_secret(unit, facts->issued.view);
	return OK;
}

/* ---- sign out ---- */

/* The session of the refresh token if the request has one, else the session of the access token. A malformed refresh
 * token names no session. */
static struct uuid session_to_end(const struct message *message)
{
	const struct tokens_refresh *wanted = message->body;
	const struct revocation_facts *facts = message->prepared;

	return wanted->refresh_token == NULL ? message->caller.session_id : facts->session_id;
}

void sign_out_keys(struct keys *keys, const struct message *message)
{
	const struct uuid id = session_to_end(message);

	if (!uuid_is_nil(&id))
		keys_add(keys, &session_kind, &id);
}

/* One text for a malformed, an unknown and another person's token. Otherwise the client would believe that a session
 * has ended, and it lives on. RFC 7009 section 2.2 answers 200 instead, for clients that cannot do anything about it.
 */
static enum status check_token(struct unit *unit, const struct message *message, const struct session *session)
{
	const struct revocation_facts *facts = message->prepared;

	if (session != NULL && uuid_equal(&session->user_id, &message->caller.user_id) &&
	    session_knows(session, &facts->presented))
		return OK;
	return unit_refuse(unit, E_INVALID, "unknown_refresh_token", "refresh_token",
			   "This is no refresh token of a session of yours: leave it out to end the present session.");
}

/* A session that has ended already is as the caller wants it. */
enum status sign_out(struct unit *unit, const struct message *message)
{
	const struct tokens_refresh *wanted = message->body;
	const struct uuid id = session_to_end(message);

	if (message->caller.role == CALLER_NOBODY)
		return unit_refuse(unit, E_UNAUTHENTICATED, "unauthenticated", NULL, "Sign in first.");
	const struct session *session = uuid_is_nil(&id) ? NULL : unit_get(unit, &session_kind, &id);
	const enum status status = wanted->refresh_token == NULL ? OK : check_token(unit, message, session);
	if (status != OK)
		return status;
	if (session == NULL || session->revoked || !uuid_equal(&session->user_id, &message->caller.user_id))
		return OK;
	((struct session *)unit_edit(unit, &session_kind, &id))->revoked = true;
	return OK;
}
