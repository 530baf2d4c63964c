/* Compares the rights of accounts. */
#include <string.h>

#include "ctl/lib/log_event.h"
#include "ctl/topology/differences.h"
#include "proto/topology.h"

/* Any expression other than the table's may allow more. */
static void compare_expression(struct differences *found, const char *user, const char *what, const char *is,
			       const char *should)
{
	if (strcmp(is, should) != 0)
		add_difference(found, "permission", arena_format(&found->arena, "%s: %s", user, what),
			       "is \"%s\"; it should be \"%s\"", is, should);
}

static void compare_topics(struct differences *found, const struct topology_user *user)
{
	const struct json *all = differences_get(found, "topic-permissions/{vhost}/", user->name);
	const int count = all == NULL ? 0 : json_count(all);

	for (int i = 0; i < count; i++) {
		if (strcmp(json_text_of(json_item(all, i), "exchange"), "events") != 0)
			continue;
		compare_expression(found, user->name, "events it may publish", json_text_of(json_item(all, i), "write"),
				   user->events_write);
		return;
	}
	add_difference(found, "permission", arena_format(&found->arena, "%s: events it may publish", user->name),
		       "is not limited: it may publish any");
}

static void compare_user(struct differences *found, const struct topology_user *user)
{
	const struct json *account = differences_get(found, "users/", user->name);
	const struct json *is = differences_get(found, "permissions/{vhost}/", user->name);

	if (account == NULL || is == NULL) {
		add_difference(found, "permission", user->name, "may do nothing: %s",
			       account == NULL ? "there is no such account" : "it has no permissions here");
		return;
	}
	const struct json *tags = json_member(account, "tags");
	if (tags != NULL && (json_count(tags) > 0 || (json_text(tags) != NULL && *json_text(tags) != '\0'))) {
		struct difference *tagged =
			add_difference(found, "permission", user->name,
				       "has a tag: it may use the management API; it should have none");
		tagged->repair = REPAIR_BY_HAND;
		tagged->steps =
			arena_format(&found->arena, "take the tag away: rabbitmqctl set_user_tags %s\n", user->name);
	}
	compare_expression(found, user->name, "configure", json_text_of(is, "configure"), user->configure);
	compare_expression(found, user->name, "write", json_text_of(is, "write"), user->write);
	compare_expression(found, user->name, "read", json_text_of(is, "read"), user->read);
	compare_topics(found, user);
}

static bool is_known(const struct differences *found, const char *name)
{
	for (const struct topology_user *user = topology_users; user->name != NULL; user++)
		if (strcmp(user->name, name) == 0)
			return true;
	return strcmp(management_user(found->management), name) == 0;
}

/* Accounts with rights in this virtual host that are not in the table. */
static void find_unknown_users(struct differences *found)
{
	const struct json *all = management_get(found->management, "vhosts/{vhost}/permissions", &found->arena);
	const int count = all == NULL ? 0 : json_count(all);

	for (int i = 0; i < count; i++) {
		const char *name = json_text_of(json_item(all, i), "user");

		if (is_known(found, name))
			continue;
		struct difference *unknown =
			add_difference(found, "permission", name, "has rights here, and should have none");
		unknown->extra = true;
		unknown->repair = REPAIR_BY_HAND;
		unknown->steps =
			arena_format(&found->arena, "ask who uses it; then: rabbitmqctl clear_permissions -p %s %s\n",
				     management_vhost(found->management), name);
	}
}

void differences_of_permissions(struct differences *found)
{
	for (const struct topology_user *user = topology_users; user->name != NULL; user++)
		compare_user(found, user);
	find_unknown_users(found);
}
