/* From the events of users back to what they answered. Credentials are on no record: where a decision needs one, it
 * gets a stand-in, and what depends on them (hashes, sessions) is not compared. */
#include "users/service.h"

#include <string.h>

#include "users/usecases/decisions.h"

static const struct inferred_request nothing = {.type = -1};
static const char stand_in[] = "not recorded";

/* ---- versions ---- */

static void versions(struct versions *versions, const struct message *event)
{
	if (event->type != USER_VERIFIED && event->type != USER_REFUSED)
		versions_made(versions, &user_kind, &event->subject, event->sequence);
	else if (event->sequence > 0)
		versions_seen(versions, &user_kind, &((const struct user_answer *)event->body)->user_id,
			      event->sequence);
}

/* ---- causes ---- */

static struct inferred_request registering(const struct user_view *made, struct arena *arena)
{
	struct users_register *wanted = arena_new(arena, 1, sizeof(*wanted));
	struct registration_facts *facts = arena_new(arena, 1, sizeof(*facts));

	*wanted = (struct users_register){.email = made->email, .name = made->name, .password = stand_in};
	facts->password_hash = stand_in;
	return (struct inferred_request){.type = USERS_REGISTER,
					 .body = wanted,
					 .prepared = facts,
					 .decide = made->role == ROLE_ADMIN ? install_admin : NULL,
					 .keys = registration_keys};
}

/* Somebody who was not signed in changes nothing: events of before this was recorded are taken for the account's own.
 */
static struct caller who(const struct external_event *root)
{
	const struct user_event *told = root->event->body;
	const struct user_view *before = root->before == NULL ? NULL : root->before->body;

	if (!uuid_is_nil(&told->by) && !uuid_equal(&told->by, &told->user.id))
		return (struct caller){.user_id = told->by, .role = CALLER_ADMIN};
	return (struct caller){.user_id = told->user.id,
			       .role = before != NULL && before->role == ROLE_ADMIN ? CALLER_ADMIN : CALLER_CUSTOMER};
}

/* Only a password, then: its owner has changed it. */
static struct inferred_request changing_password(const struct external_event *root, struct users_change *wanted,
						 struct arena *arena)
{
	struct password_change *password = arena_new(arena, 1, sizeof(*password));
	struct password_facts *facts = arena_new(arena, 1, sizeof(*facts));

	*password = (struct password_change){.old_password = stand_in, .new_password = stand_in};
	*facts = (struct password_facts){.known_hash = stand_in, .matches = true, .new_hash = stand_in};
	wanted->password = password;
	return (struct inferred_request){.type = USERS_CHANGE, .caller = who(root), .body = wanted, .prepared = facts};
}

static struct inferred_request changing(const struct external_event *root, struct arena *arena)
{
	const struct user_view *after = root->event->body;
	const struct user_view *before = root->before == NULL ? NULL : root->before->body;
	struct users_change *wanted = arena_new(arena, 1, sizeof(*wanted));

	*wanted = (struct users_change){.id = after->id, .status = -1, .role = -1};
	if (before == NULL)
		return nothing;
	if (strcmp(after->name, before->name) != 0)
		wanted->name = after->name;
	if (after->role != before->role)
		wanted->role = after->role;
	if (after->status != before->status)
		wanted->status = after->status;
	if (wanted->name == NULL && wanted->role < 0 && wanted->status < 0)
		return changing_password(root, wanted, arena);
	return (struct inferred_request){.type = USERS_CHANGE, .caller = who(root), .body = wanted};
}

static struct inferred_request disabling(const struct external_event *root, struct arena *arena)
{
	const struct user_view *after = root->event->body;
	const struct user_view *before = root->before == NULL ? NULL : root->before->body;
	struct by_id *wanted = arena_new(arena, 1, sizeof(*wanted));

	if (before == NULL || strcmp(after->name, before->name) != 0 || after->role != before->role)
		return changing(root, arena);
	*wanted = (struct by_id){.id = after->id, .expected_version = INT_ABSENT};
	return (struct inferred_request){.type = USERS_DISABLE, .caller = who(root), .body = wanted};
}

static struct inferred_request cause(const struct external_event *root, struct arena *arena)
{
	switch (root->event->type) {
	case USER_REGISTERED:
		return registering(root->event->body, arena);
	case USER_CHANGED:
		return changing(root, arena);
	case USER_DISABLED:
		return disabling(root, arena);
	default:
		return nothing;
	}
}

static const int none[] = {-1};

static const struct state_table tables[] = {
	{.name = "user",
	 .rows = STATE_ROWS("users", "users", "id", "id, email, name, role, status, version, created_at, updated_at")},
	{.name = "e-mail claim",
	 .rows = STATE_ROWS("email_claims", "email_claims", "id", "id, user_id"),
	 .owner = "\"user_id\": \""},
	{0},
};

const struct replay_spec users_replay_spec = {
	.service = &users_service,
	.versions = versions,
	.cause = cause,
	.eventless = none,
	.eventless_kind = &user_kind,
	.last = none,
	.tables = tables,
};
