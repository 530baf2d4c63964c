/* Replay of accounts: the versions and the causes of their events. The log holds no credentials. A decision that needs
 * one gets a placeholder, and what depends on credentials (hashes, sessions) is not compared. */
#include "users/service.h"

#include <string.h>

#include "users/usecases/decisions.h"

static const struct inferred_request unknown = {.type = -1};
static const char placeholder[] = "not recorded";

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

	*wanted = (struct users_register){.email = made->email, .name = made->name, .password = placeholder};
	facts->password_hash = placeholder;
	return (struct inferred_request){.type = USERS_REGISTER,
					 .body = wanted,
					 .prepared = facts,
					 .decide = made->role == ROLE_ADMIN ? install_admin : NULL,
					 .keys = registration_keys};
}

/* An older event does not name its caller (`by`). Then the account's owner is taken: a caller must be signed in. */
static struct caller caller_of(const struct external_event *external)
{
	const struct user_event *event = external->event->body;
	const struct user_view *before = external->previous == NULL ? NULL : external->previous->body;

	if (!uuid_is_nil(&event->by) && !uuid_equal(&event->by, &event->user.id))
		return (struct caller){.user_id = event->by, .role = CALLER_ADMIN};
	return (struct caller){.user_id = event->user.id,
			       .role = before != NULL && before->role == ROLE_ADMIN ? CALLER_ADMIN : CALLER_CUSTOMER};
}

/* No other field differs, so the owner changed the password. */
static struct inferred_request changing_password(const struct external_event *external, struct users_change *wanted,
						 struct arena *arena)
{
	struct password_change *password = arena_new(arena, 1, sizeof(*password));
	struct password_facts *facts = arena_new(arena, 1, sizeof(*facts));

	*password = (struct password_change){.old_password = placeholder, .new_password = placeholder};
	*facts = (struct password_facts){.known_hash = placeholder, .matches = true, .new_hash = placeholder};
	wanted->password = password;
	return (struct inferred_request){
		.type = USERS_CHANGE, .caller = caller_of(external), .body = wanted, .prepared = facts};
}

static struct inferred_request changing(const struct external_event *external, struct arena *arena)
{
	const struct user_view *after = external->event->body;
	const struct user_view *before = external->previous == NULL ? NULL : external->previous->body;
	struct users_change *wanted = arena_new(arena, 1, sizeof(*wanted));

	*wanted = (struct users_change){.id = after->id, .status = -1, .role = -1};
	if (before == NULL)
		return unknown;
	if (strcmp(after->name, before->name) != 0)
		wanted->name = after->name;
	if (after->role != before->role)
		wanted->role = after->role;
	if (after->status != before->status)
		wanted->status = after->status;
	if (wanted->name == NULL && wanted->role < 0 && wanted->status < 0)
		return changing_password(external, wanted, arena);
	return (struct inferred_request){.type = USERS_CHANGE, .caller = caller_of(external), .body = wanted};
}

static struct inferred_request disabling(const struct external_event *external, struct arena *arena)
{
	const struct user_view *after = external->event->body;
	const struct user_view *before = external->previous == NULL ? NULL : external->previous->body;
	struct by_id *wanted = arena_new(arena, 1, sizeof(*wanted));

	if (before == NULL || strcmp(after->name, before->name) != 0 || after->role != before->role)
		return changing(external, arena);
	*wanted = (struct by_id){.id = after->id, .expected_version = INT_ABSENT};
	return (struct inferred_request){.type = USERS_DISABLE, .caller = caller_of(external), .body = wanted};
}

static struct inferred_request cause(const struct external_event *external, struct arena *arena)
{
	switch (external->event->type) {
	case USER_REGISTERED:
		return registering(external->event->body, arena);
	case USER_CHANGED:
		return changing(external, arena);
	case USER_DISABLED:
		return disabling(external, arena);
	default:
		return unknown;
	}
}

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
	.eventless = MESSAGE_TYPES(),
	.eventless_kind = &user_kind,
	.decided_last = MESSAGE_TYPES(),
	.tables = tables,
};
