/* comanda topology apply: brings the broker to the table of proto/topology.c. Can be run again and again. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/topology/difference_print.h"
#include "ctl/topology/queue_arguments.h"
#include "proto/topology.h"

struct applying {
	struct management *management;
	struct arena arena;
	struct buffer body;
	int failures;
};

/* Sends applying->body. */
static void put(struct applying *applying, const char *method, const char *path)
{
	const int status = management_call(applying->management, method, path, applying->body.bytes);

	if (status >= 200 && status < 300)
		return;
	if (status == 400 && (strncmp(path, "queues/", 7) == 0 || strncmp(path, "exchanges/", 10) == 0))
		return; /* it exists with other arguments, which cannot be changed: repair_rest prints the steps */
	applying->failures++;
	if (status != 0)
		print_error("%s /api/%s answered %d: %s", method, path, status,
			    management_answer(applying->management));
}

static const char *encode(struct applying *applying, const char *name)
{
	return management_encode(applying->management, name, &applying->arena);
}

static const char *path_of(struct applying *applying, const char *prefix, const char *name)
{
	return arena_format(&applying->arena, "%s%s", prefix, encode(applying, name));
}

static void new_body(struct applying *applying, const char *first_name, const char *first_text)
{
	buffer_clear(&applying->body);
	buffer_format(&applying->body, "{\"%s\":", first_name);
	json_quote(&applying->body, first_text);
}

static void add_text(struct applying *applying, const char *name, const char *text)
{
	buffer_format(&applying->body, ",\"%s\":", name);
	json_quote(&applying->body, text);
}

static void end_body(struct applying *applying, const char *rest)
{
	buffer_text(&applying->body, rest);
	buffer_text(&applying->body, "}");
}

static void apply_vhost(struct applying *applying)
{
	new_body(applying, "description", "Comanda");
	end_body(applying, ",\"default_queue_type\":\"classic\"");
	put(applying, "PUT", "vhosts/{vhost}");
	new_body(applying, "configure", ".*");
	end_body(applying, ",\"write\":\".*\",\"read\":\".*\"");
	put(applying, "PUT", path_of(applying, "permissions/{vhost}/", management_user(applying->management)));
}

/* svc-orders → COMANDA_BROKER_PASSWORD_SVC_ORDERS; NULL where it is not set. */
static const char *password_of(struct applying *applying, const char *user)
{
	char *name = arena_format(&applying->arena, "COMANDA_BROKER_PASSWORD_%s", user);

	for (char *c = name; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	const char *password = NULL;
	if (setting_find(name, &password) != OK) {
		applying->failures++;
		return NULL;
	}
	if (password == NULL) {
		print_error("%s is not set: the broker user %s keeps the password that it has", name, user);
		return NULL;
	}
	return password;
}

static void apply_user(struct applying *applying, const struct topology_user *user)
{
	const char *password = password_of(applying, user->name);

	if (password != NULL) {
		new_body(applying, "password", password);
		end_body(applying, ",\"tags\":\"\"");
		put(applying, "PUT", path_of(applying, "users/", user->name));
	}
	new_body(applying, "configure", user->configure);
	add_text(applying, "write", user->write);
	add_text(applying, "read", user->read);
	end_body(applying, "");
	put(applying, "PUT", path_of(applying, "permissions/{vhost}/", user->name));
	new_body(applying, "exchange", "events");
	add_text(applying, "write", user->events_write);
	end_body(applying, ",\"read\":\".*\"");
	put(applying, "PUT", path_of(applying, "topic-permissions/{vhost}/", user->name));
}

static void apply_exchange(struct applying *applying, const struct topology_exchange *exchange)
{
	new_body(applying, "type", exchange->type);
	end_body(applying, ",\"durable\":true,\"auto_delete\":false,\"internal\":false,\"arguments\":{}");
	put(applying, "PUT", path_of(applying, "exchanges/{vhost}/", exchange->name));
}

static void apply_queue(struct applying *applying, const struct topology_queue *queue)
{
	buffer_clear(&applying->body);
	buffer_format(&applying->body, "{\"durable\":true,\"auto_delete\":false,\"arguments\":%s}",
		      queue_arguments(queue, &applying->arena));
	put(applying, "PUT", path_of(applying, "queues/{vhost}/", queue->name));
}

static void apply_binding(struct applying *applying, const struct topology_binding *binding)
{
	new_body(applying, "routing_key", binding->routing_key);
	end_body(applying, ",\"arguments\":{}");
	put(applying, "POST",
	    arena_format(&applying->arena, "bindings/{vhost}/e/%s/q/%s", encode(applying, binding->exchange),
			 encode(applying, binding->queue)));
}

static void apply_policy(struct applying *applying, const struct topology_policy *policy)
{
	new_body(applying, "pattern", policy->pattern);
	buffer_format(&applying->body, ",\"priority\":%d,\"apply-to\":\"queues\",\"definition\":%s", policy->priority,
		      policy->definition);
	end_body(applying, "");
	put(applying, "PUT", path_of(applying, "policies/{vhost}/", policy->name));
}

/* Users come last: no program may publish before the queues and bindings exist. */
static void apply_all(struct applying *applying)
{
	apply_vhost(applying);
	if (applying->failures > 0)
		return; /* the rest would fail for the same reason */
	for (int i = 0; topology_policies[i].name != NULL; i++)
		apply_policy(applying, &topology_policies[i]);
	for (int i = 0; topology_exchanges[i].name != NULL; i++)
		apply_exchange(applying, &topology_exchanges[i]);
	for (int i = 0; topology_queues[i].name != NULL; i++)
		apply_queue(applying, &topology_queues[i]);
	for (int i = 0; topology_bindings[i].exchange != NULL; i++)
		apply_binding(applying, &topology_bindings[i]);
	for (int i = 0; topology_users[i].name != NULL; i++)
		apply_user(applying, &topology_users[i]);
}

/* Deletes what is not in the table where that loses nothing, and prints the steps for the rest. Returns an exit code.
 */
static int repair_rest(bool json)
{
	struct differences found;
	bool fine = differences_find(&found);
	int left = 0;

	for (size_t i = 0; i < found.count && fine; i++) {
		const struct difference *difference = &found.items[i];

		if (difference->repair == REPAIR_BY_APPLY && difference->method != NULL) {
			const int status =
				management_call(found.management, difference->method, difference->path, NULL);
			fine = status == 204 || status == 404;
			if (json)
				difference_json(difference, fine);
			else
				printf("%s %s: taken away\n", difference->what, difference->name);
		} else {
			if (json)
				difference_json(difference, false);
			else
				difference_print(difference);
			left += !difference->extra;
		}
	}
	differences_done(&found);
	if (!fine)
		return EXIT_FAILED;
	return left == 0 ? EXIT_DONE : EXIT_DIFFERENT;
}

struct apply_options {
	bool json;
};

static int run(const struct command *command, int argc, char **argv)
{
	struct apply_options options = {.json = false};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	struct applying applying = {.management = management_open()};
	if (applying.management == NULL)
		return EXIT_FAILED;
	arena_init(&applying.arena);
	buffer_init(&applying.body);
	apply_all(&applying);
	const int code = applying.failures > 0 ? EXIT_FAILED : repair_rest(options.json);
	if (code == EXIT_DONE && !options.json)
		printf("the topology stands on the broker, in the virtual host \"%s\"\n",
		       management_vhost(applying.management));
	buffer_done(&applying.body);
	arena_done(&applying.arena);
	management_close(applying.management);
	return code;
}

static const struct option table[] = {
	JSON_OPTION(struct apply_options),
	END_OF_OPTIONS,
};

const struct command cmd_topology_apply = {
	.name = "topology apply",
	.meaning = "declares exchanges, queues, bindings, policies and accounts on the broker",
	.options = table,
	.run = run,
	.examples = "comanda topology apply\n",
	.notes = "It changes what can be changed without losing a message, and prints steps for\n"
		 "what cannot: exit code 1 then. It can be run again and again. Passwords come\n"
		 "from COMANDA_BROKER_PASSWORD_<USER>; an account whose variable is not set keeps\n"
		 "the one it has.\n",
};
