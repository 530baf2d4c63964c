/* comanda topology show: the table, for people. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "topology.h"

static void show_queue(const struct topology_queue *queue)
{
	static const char *const kinds[] = {"classic", "quorum", "stream"};

	printf("  %-18s %-8s", queue->name, kinds[queue->kind]);
	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++)
		if (strcmp(binding->queue, queue->name) == 0)
			printf(" %s:%s", binding->exchange, binding->routing_key);
	putchar('\n');
}

static int run(const struct command *command, int argc, char **argv)
{
	if (!command_read(command, argc, argv, NULL))
		return EXIT_COULD_NOT;
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
		printf("  %-18s writes %s, reads %s, publishes events %s\n", user->name, user->write,
		       *user->read == '\0' ? "nothing" : user->read,
		       *user->events_write == '\0' ? "none" : user->events_write);
	return EXIT_DONE;
}

const struct command cmd_topology_show = {
	.name = "topology show",
	.meaning = "the table of what stands on the broker",
	.run = run,
	.examples = "comanda topology show\n",
};
