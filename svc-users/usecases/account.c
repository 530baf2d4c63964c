/* Accounts: register, change, disable. */
#include "users/usecases/decisions.h"
#include "users/usecases/views.h"

#include <string.h>

const struct aggregate user_kind = {.name = "user", .size = sizeof(struct user)};
const struct aggregate email_claim_kind = {.name = "email_claim", .size = sizeof(struct email_claim)};

static const struct user_view *view_of(struct unit *unit, const struct user *user)
{
	struct user_view *view = arena_new(unit_arena(unit), 1, sizeof(*view));

	*view = user_view_of(user);
	return view;
}

/* Publishes the account's new state, and replies with it. */
static void publish_user(struct unit *unit, int type, const struct user *user, const struct caller *caller)
{
	struct user_event *event = arena_new(unit_arena(unit), 1, sizeof(*event));

	*event = (struct user_event){.user = user_view_of(user), .by = caller->user_id};
	unit_event(unit, type, &user->id, user->version, event);
	unit_reply(unit, &event->user);
}

/* ---- register ---- */

void registration_keys(struct keys *keys, const struct message *message)
{
	const struct users_register *wanted = message->body;
	const struct uuid claim_id = email_claim_id(wanted->email);

	keys_add(keys, &email_claim_kind, &claim_id);
}

static enum status make_account(struct unit *unit, const struct message *message, bool admin)
{
	const struct users_register *wanted = message->body;
	const struct registration_facts *facts = message->prepared;
	const struct uuid claim_id = email_claim_id(wanted->email), user_id = unit_id(unit, 0);

	if (unit_get(unit, &email_claim_kind, &claim_id) != NULL)
		return unit_refuse(unit, E_CONFLICT, "email_taken", "email",
				   "An account with this e-mail address exists: sign in, or use another address.");
	struct email_claim *claim = unit_new(unit, &email_claim_kind, &claim_id);
	*claim = (struct email_claim){.id = claim_id, .user_id = user_id};

	struct user *user = unit_new(unit, &user_kind, &user_id);
	*user = (struct user){
		.id = user_id,
		.email = arena_text(unit_arena(unit), wanted->email),
		.name = arena_text(unit_arena(unit), wanted->name),
		.admin = admin,
		.password_hash = facts->password_hash,
		.session_epoch = 1,
		.version = 1,
		.created_at = unit_now(unit),
		.updated_at = unit_now(unit),
	};
	publish_user(unit, USER_REGISTERED, user, &message->caller);
	return OK;
}

enum status register_user(struct unit *unit, const struct message *message)
{
	return make_account(unit, message, false);
}

enum status install_admin(struct unit *unit, const struct message *message)
{
	return make_account(unit, message, true);
}

/* ---- rights ---- */

/* Loads an admin's own account as well. A token that is older than a demotion must not act as an admin. */
static void account_keys(struct keys *keys, const struct caller *caller, const struct uuid *user_id)
{
	keys_add(keys, &user_kind, user_id);
	if (caller->role == CALLER_ADMIN)
		keys_add(keys, &user_kind, &caller->user_id);
}

static bool is_admin(struct unit *unit, const struct caller *caller)
{
	if (caller->role != CALLER_ADMIN)
		return false;
	const struct user *admin = unit_get(unit, &user_kind, &caller->user_id);
	return admin != NULL && admin->admin && !admin->disabled;
}

static enum status check_caller(struct unit *unit, const struct caller *caller, const struct uuid *user_id)
{
	if (caller->role == CALLER_NOBODY)
		return unit_refuse(unit, E_UNAUTHENTICATED, "unauthenticated", NULL, "Sign in first.");
	if (!user_is_owner(caller, user_id) && !is_admin(unit, caller))
		return unit_refuse(unit, E_FORBIDDEN, "forbidden", NULL,
				   "This account is somebody else's: only its owner and admins may do this.");
	if (unit_get(unit, &user_kind, user_id) == NULL)
		return unit_refuse(unit, E_NOT_FOUND, "not_found", NULL, "There is no account with this id.");
	return OK;
}

/* An admin cannot give up their own rights, so at least one admin is always left. */
static enum status check_own_admin(struct unit *unit, const struct caller *caller, const struct user *user)
{
	if (!user->admin || !user_is_owner(caller, &user->id))
		return OK;
	return unit_refuse(unit, E_CONFLICT, "last_admin", NULL,
			   "An admin cannot disable or demote their own account: ask another admin.");
}

/* ---- change ---- */

void user_change_keys(struct keys *keys, const struct message *message)
{
	const struct users_change *wanted = message->body;

	account_keys(keys, &message->caller, &wanted->id);
	if (wanted->password != NULL && !uuid_is_nil(&message->caller.session_id))
		keys_add(keys, &session_kind, &message->caller.session_id);
}

static enum status check_admin_fields(struct unit *unit, const struct caller *caller, const struct users_change *wanted,
				      const struct user *user)
{
	const bool steps_down = (wanted->role >= 0 && wanted->role != ROLE_ADMIN) || wanted->status == USER_INACTIVE;

	if (wanted->role < 0 && wanted->status < 0)
		return OK;
	if (!is_admin(unit, caller))
		return unit_refuse(unit, E_FORBIDDEN, "forbidden", wanted->role >= 0 ? "role" : "status",
				   "Only an admin may change an account's role or status.");
	return steps_down ? check_own_admin(unit, caller, user) : OK;
}

static enum status check_password(struct unit *unit, const struct message *message, const struct user *user)
{
	const struct users_change *wanted = message->body;
	const struct password_facts *facts = message->prepared;

	if (wanted->password == NULL)
		return OK;
	if (!user_is_owner(&message->caller, &wanted->id))
		return unit_refuse(unit, E_FORBIDDEN, "forbidden", "password", "Only its owner may change a password.");
	if (facts == NULL) /* the request came to a consumer that does not hash */
		return E_INTERNAL;
	if (facts->known_hash == NULL || strcmp(facts->known_hash, user->password_hash) != 0)
		return E_RETRY;
	if (!facts->matches)
		return unit_refuse(unit, E_INVALID, "wrong_password", "password.old", "This is not the old password.");
	return OK;
}

static enum status check_change(struct unit *unit, const struct message *message)
{
	const struct users_change *wanted = message->body;
	enum status status = check_caller(unit, &message->caller, &wanted->id);

	if (status != OK)
		return status;
	const struct user *user = unit_get(unit, &user_kind, &wanted->id);
	if (user->disabled && user_is_owner(&message->caller, &wanted->id))
		return unit_refuse(unit, E_FORBIDDEN, "user_disabled", NULL, "This account is disabled.");
	status = check_admin_fields(unit, &message->caller, wanted, user);
	if (status != OK)
		return status;
	return check_password(unit, message, user);
}

static bool changes_anything(const struct users_change *wanted, const struct user *user)
{
	return wanted->password != NULL || (wanted->name != NULL && strcmp(wanted->name, user->name) != 0) ||
	       (wanted->role >= 0 && (wanted->role == ROLE_ADMIN) != user->admin) ||
	       (wanted->status >= 0 && (wanted->status == USER_INACTIVE) != user->disabled);
}

/* Ends every session except the one in which the password was changed. */
static void set_password(struct unit *unit, const struct message *message, struct user *user)
{
	const struct password_facts *facts = message->prepared;
	const struct uuid *session_id = &message->caller.session_id;
	const struct session *own = uuid_is_nil(session_id) ? NULL : unit_get(unit, &session_kind, session_id);
	const bool keeps = own != NULL && uuid_equal(&own->user_id, &user->id) && own->epoch == user->session_epoch;

	user->password_hash = facts->new_hash;
	user->session_epoch++;
	if (keeps)
		((struct session *)unit_edit(unit, &session_kind, session_id))->epoch = user->session_epoch;
}

static void set_disabled(struct user *user, bool disabled)
{
	if (disabled && !user->disabled)
		user->session_epoch++;
	user->disabled = disabled;
}

static void finish_change(struct unit *unit, struct user *user, int event, const struct caller *caller)
{
	user->version++;
	user->updated_at = unit_now(unit);
	publish_user(unit, event, user, caller);
}

enum status change_user(struct unit *unit, const struct message *message)
{
	const struct users_change *wanted = message->body;
	const enum status status = check_change(unit, message);

	if (status != OK)
		return status;
	const struct user *known = unit_get(unit, &user_kind, &wanted->id);
	if (!changes_anything(wanted, known)) {
		unit_reply(unit, view_of(unit, known));
		return OK;
	}
	const bool disables = wanted->status == USER_INACTIVE && !known->disabled;
	struct user *user = unit_edit(unit, &user_kind, &wanted->id);
	if (wanted->name != NULL)
		user->name = arena_text(unit_arena(unit), wanted->name);
	if (wanted->role >= 0)
		user->admin = wanted->role == ROLE_ADMIN;
	if (wanted->status >= 0)
		set_disabled(user, wanted->status == USER_INACTIVE);
	if (wanted->password != NULL)
		set_password(unit, message, user);
	finish_change(unit, user, disables ? USER_DISABLED : USER_CHANGED, &message->caller);
	return OK;
}

/* ---- disable ---- */

void disable_keys(struct keys *keys, const struct message *message)
{
	const struct by_id *wanted = message->body;

	account_keys(keys, &message->caller, &wanted->id);
}

enum status disable_user(struct unit *unit, const struct message *message)
{
	const struct by_id *wanted = message->body;
	enum status status = check_caller(unit, &message->caller, &wanted->id);

	if (status != OK)
		return status;
	const struct user *known = unit_get(unit, &user_kind, &wanted->id);
	if (known->disabled) {
		unit_reply(unit, view_of(unit, known));
		return OK;
	}
	if (wanted->expected_version != INT_ABSENT && wanted->expected_version != known->version)
		return unit_refuse(unit, E_PRECONDITION, "version_mismatch", NULL,
				   "The account has changed since: it has version %lld.", (long long)known->version);
	status = check_own_admin(unit, &message->caller, known);
	if (status != OK)
		return status;
	struct user *user = unit_edit(unit, &user_kind, &wanted->id);
	set_disabled(user, true);
	finish_change(unit, user, USER_DISABLED, &message->caller);
	return OK;
}
