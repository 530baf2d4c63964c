/* comanda topology verify: what stands on the broker, against the table of proto/topology.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "json_value.h"
#include "management.h"
#include "topology.h"

struct verifying {
	struct management *management;
	struct arena arena;
	int differences;
};

static void differ(struct verifying *verifying, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void differ(struct verifying *verifying, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	puts(arena_vformat(&verifying->arena, format, values));
	va_end(values);
	verifying->differences++;
}

static const struct json *get(struct verifying *verifying, const char *prefix, const char *name)
{
	struct arena *arena = &verifying->arena;
	const char *path = arena_format(arena, "%s%s", prefix, management_encode(verifying->management, name, arena));

	return management_get(verifying->management, path, arena);
}

static const char *printed(struct verifying *verifying, const struct json *json)
{
	struct buffer text;

	buffer_init(&text);
	json_print(&text, json);
	const char *copy = arena_text(&verifying->arena, text.bytes);
	buffer_done(&text);
	return copy;
}

/* Says what an object should hold and does not, and what it holds besides. */
static void compare_objects(struct verifying *verifying, const char *what, const struct json *is, const char *should)
{
	struct faults faults = {0};
	const struct json *wanted;

	if (json_parse(&verifying->arena, span_of(should), &faults, &wanted) != OK || is == NULL)
		return;
	for (const struct json *member = json_first(wanted); member != NULL; member = json_next(member)) {
		const struct json *there = json_member(is, json_name(member));
		const char *want = printed(verifying, member);

		if (there == NULL)
			differ(verifying, "%s: %s is not set; it should be %s", what, json_name(member), want);
		else if (strcmp(printed(verifying, there), want) != 0)
			differ(verifying, "%s: %s is %s; it should be %s", what, json_name(member),
			       printed(verifying, there), want);
	}
	for (const struct json *member = json_first(is); member != NULL; member = json_next(member))
		if (json_member(wanted, json_name(member)) == NULL)
			differ(verifying, "%s: %s is %s; it should not be set", what, json_name(member),
			       printed(verifying, member));
}

static void compare_text(struct verifying *verifying, const char *what, const struct json *object, const char *should)
{
	const char *name = strrchr(what, ' ') + 1;
	const struct json *member = json_member(object, name);
	const char *is = member == NULL || json_text(member) == NULL ? "" : json_text(member);

	if (strcmp(is, should) != 0)
		differ(verifying, "%s is \"%s\"; it should be \"%s\"", what, is, should);
}

static void verify_exchanges(struct verifying *verifying)
{
	for (const struct topology_exchange *exchange = topology_exchanges; exchange->name != NULL; exchange++) {
		const struct json *is = get(verifying, "exchanges/{vhost}/", exchange->name);

		if (is == NULL)
			differ(verifying, "exchange %s is not there", exchange->name);
		else
			compare_text(verifying, arena_format(&verifying->arena, "exchange %s: type", exchange->name),
				     is, exchange->type);
	}
}

static void verify_queues(struct verifying *verifying)
{
	static const char *const types[] = {"classic", "quorum", "stream"};

	for (const struct topology_queue *queue = topology_queues; queue->name != NULL; queue++) {
		const struct json *is = get(verifying, "queues/{vhost}/", queue->name);
		const char *should = arena_format(&verifying->arena, "{\"x-queue-type\":\"%s\"%s%s", types[queue->kind],
						  strcmp(queue->arguments, "{}") == 0 ? "" : ",", queue->arguments + 1);

		if (is == NULL)
			differ(verifying, "queue %s is not there", queue->name);
		else
			compare_objects(verifying, arena_format(&verifying->arena, "queue %s", queue->name),
					json_member(is, "arguments"), should);
	}
}

static bool is_ours(const char *exchange)
{
	for (const struct topology_exchange *known = topology_exchanges; known->name != NULL; known++)
		if (strcmp(known->name, exchange) == 0)
			return true;
	return false;
}

static const char *text_of(const struct json *object, const char *name)
{
	const struct json *member = json_member(object, name);
	const char *text = member == NULL ? NULL : json_text(member);

	return text == NULL ? "" : text;
}

static bool is_binding(const struct json *is, const struct topology_binding *binding)
{
	return strcmp(text_of(is, "source"), binding->exchange) == 0 &&
	       strcmp(text_of(is, "destination"), binding->queue) == 0 &&
	       strcmp(text_of(is, "routing_key"), binding->routing_key) == 0;
}

static void verify_bindings(struct verifying *verifying)
{
	const struct json *all = management_get(verifying->management, "bindings/{vhost}", &verifying->arena);
	const int count = all == NULL ? 0 : json_count(all);

	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++) {
		bool found = false;

		for (int i = 0; i < count && !found; i++)
			found = is_binding(json_item(all, i), binding);
		if (!found)
			differ(verifying, "binding %s → %s with key %s is not there", binding->exchange, binding->queue,
			       binding->routing_key);
	}
	for (int i = 0; i < count; i++) {
		const struct json *is = json_item(all, i);
		const struct topology_binding *binding = topology_bindings;

		while (binding->exchange != NULL && !is_binding(is, binding))
			binding++;
		if (binding->exchange == NULL && is_ours(text_of(is, "source")))
			differ(verifying, "binding %s → %s with key %s should not be there", text_of(is, "source"),
			       text_of(is, "destination"), text_of(is, "routing_key"));
	}
}

static void verify_policies(struct verifying *verifying)
{
	for (const struct topology_policy *policy = topology_policies; policy->name != NULL; policy++) {
		const struct json *is = get(verifying, "policies/{vhost}/", policy->name);
		const char *what = arena_format(&verifying->arena, "policy %s", policy->name);

		if (is == NULL) {
			differ(verifying, "%s is not there", what);
			continue;
		}
		compare_text(verifying, arena_format(&verifying->arena, "%s: pattern", what), is, policy->pattern);
		compare_objects(verifying, what, json_member(is, "definition"), policy->definition);
	}
}

static void verify_permissions(struct verifying *verifying, const struct topology_user *user)
{
	struct arena *arena = &verifying->arena;
	const struct json *is = get(verifying, "permissions/{vhost}/", user->name);

	if (is == NULL) {
		differ(verifying, "user %s has no permissions in this virtual host", user->name);
		return;
	}
	compare_text(verifying, arena_format(arena, "user %s: configure", user->name), is, user->configure);
	compare_text(verifying, arena_format(arena, "user %s: write", user->name), is, user->write);
	compare_text(verifying, arena_format(arena, "user %s: read", user->name), is, user->read);
	const struct json *topics = get(verifying, "topic-permissions/{vhost}/", user->name);
	bool found = false;
	for (int i = 0; topics != NULL && i < json_count(topics); i++) {
		if (strcmp(text_of(json_item(topics, i), "exchange"), "events") != 0)
			continue;
		found = true;
		compare_text(verifying, arena_format(arena, "user %s: events may be published: write", user->name),
			     json_item(topics, i), user->events_write);
	}
	if (!found)
		differ(verifying, "user %s may publish any event: its topic permission is not there", user->name);
}

static int run(const struct command *command, int argc, char **argv)
{
	if (!command_read(command, argc, argv, NULL))
		return EXIT_COULD_NOT;
	struct verifying verifying = {.management = management_open()};
	if (verifying.management == NULL)
		return EXIT_COULD_NOT;
	arena_init(&verifying.arena);
	const bool reachable = management_call(verifying.management, "GET", "vhosts/{vhost}", NULL) == 200;
	if (reachable) {
		verify_exchanges(&verifying);
		verify_queues(&verifying);
		verify_bindings(&verifying);
		verify_policies(&verifying);
		for (const struct topology_user *user = topology_users; user->name != NULL; user++)
			verify_permissions(&verifying, user);
		if (verifying.differences == 0)
			printf("the broker is as the table says\n");
	} else {
		fprintf(stderr, "comanda: the virtual host \"%s\" is not there; comanda topology apply makes it\n",
			management_vhost(verifying.management));
	}
	arena_done(&verifying.arena);
	management_close(verifying.management);
	if (!reachable)
		return EXIT_COULD_NOT;
	return verifying.differences == 0 ? EXIT_DONE : EXIT_DIFFERENT;
}

const struct command cmd_topology_verify = {
	.name = "topology verify",
	.meaning = "compares the broker with the table",
	.run = run,
	.examples = "comanda topology verify\n",
};
