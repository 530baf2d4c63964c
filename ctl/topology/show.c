/* comanda topology show: prints the table. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/topology/queue_arguments.h"

enum { KEYS_COLUMN = 30 };

static void show_queue(const struct topology_queue *queue)
{
	struct buffer keys;

	buffer_init(&keys);
	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++)
		if (strcmp(binding->queue, queue->name) == 0)
			buffer_format(&keys, "%s%s:%s", keys.size == 0 ? "" : " ", binding->exchange,
				      binding->routing_key);
	printf("  %-18s %-8s ", queue->name, queue_kind_names[queue->kind]);
	print_wrapped(keys.size == 0 ? "" : keys.bytes, KEYS_COLUMN, KEYS_COLUMN);
	buffer_done(&keys);
}

struct show_options {
	bool json;
};

static void show_all(void)
{
	printf("exchanges\n");
	for (const struct topology_exchange *exchange = topology_exchanges; exchange->name != NULL; exchange++)
		printf("  %-18s %s\n", exchange->name, exchange->type);
	printf("\nqueues, and what is routed to them (exchange:key)\n");
	for (const struct topology_queue *queue = topology_queues; queue->name != NULL; queue++)
		show_queue(queue);
	printf("\npolicies\n");
	for (const struct topology_policy *policy = topology_policies; policy->name != NULL; policy++)
		printf("  %-18s %s\n  %-18s %s\n", policy->name, policy->pattern, "", policy->definition);
	printf("\nusers: nobody may configure anything\n");
	for (const struct topology_user *user = topology_users; user->name != NULL; user++)
		printf("  %-18s writes %s\n  %-18s reads %s\n  %-18s publishes events %s\n", user->name, user->write,
		       "", *user->read == '\0' ? "nothing" : user->read, "",
		       *user->events_write == '\0' ? "none" : user->events_write);
}

/* One JSON object with up to four texts. */
static void print_row(const char *kind, const char *const names[4], const char *const values[4])
{
	struct json_object object;

	json_object_open(&object);
	json_object_text(&object, "kind", kind);
	for (int i = 0; i < 4 && names[i] != NULL; i++)
		json_object_text(&object, names[i], values[i]);
	json_object_print(&object);
}

static void print_all(void)
{
	static const char *const of_exchange[4] = {"name", "type"}, *const of_queue[4] = {"name", "type", "arguments"},
				 *const of_binding[4] = {"exchange", "queue", "routing_key"},
				 *const of_policy[4] = {"name", "pattern", "definition"},
				 *const of_user[4] = {"name", "write", "read", "events_write"};

	for (const struct topology_exchange *row = topology_exchanges; row->name != NULL; row++)
		print_row("exchange", of_exchange, (const char *const[4]){row->name, row->type});
	for (const struct topology_queue *row = topology_queues; row->name != NULL; row++)
		print_row("queue", of_queue,
			  (const char *const[4]){row->name, queue_kind_names[row->kind], row->arguments});
	for (const struct topology_binding *row = topology_bindings; row->exchange != NULL; row++)
		print_row("binding", of_binding, (const char *const[4]){row->exchange, row->queue, row->routing_key});
	for (const struct topology_policy *row = topology_policies; row->name != NULL; row++)
		print_row("policy", of_policy, (const char *const[4]){row->name, row->pattern, row->definition});
	for (const struct topology_user *row = topology_users; row->name != NULL; row++)
		print_row("user", of_user, (const char *const[4]){row->name, row->write, row->read, row->events_write});
}

static int run(const struct command *command, int argc, char **argv)
{
	struct show_options options = {.json = false};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	if (options.json)
		print_all();
	else
		show_all();
	return EXIT_DONE;
}

static const struct option table[] = {
	JSON_OPTION(struct show_options),
	END_OF_OPTIONS,
};

const struct command cmd_topology_show = {
	.name = "topology show",
	.meaning = "the table: exchanges, queues, bindings, policies and accounts",
	.options = table,
	.run = run,
	.examples = "comanda topology show\n",
};
