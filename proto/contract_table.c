/* Prints the messages, the topology and the statuses for docs/reference/messages.md, as lines of tab-separated cells.
 */
#include <stdio.h>

#include "proto/reference_lines.h"
#include "proto/topology.h"

static const char *text_or_nothing(const char *text)
{
	return text != NULL ? text : "";
}

static void print_message(const struct message_type *type)
{
	static const char *const kinds[] = {[REQUEST] = "request", [EVENT] = "event", [TIMER] = "timer"};

	printf("message\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", type->name, kinds[type->kind], type->version, type->producer,
	       text_or_nothing(type->queue), text_or_nothing(type->about), type->reply != NULL ? "reply" : "");
	reference_fields("data", type->name, type->schema);
	reference_fields("reply", type->name, type->reply);
}

static void print_topology(void)
{
	static const char *const kinds[] = {
		[QUEUE_CLASSIC] = "classic", [QUEUE_QUORUM] = "quorum", [QUEUE_STREAM] = "stream"};

	for (const struct topology_exchange *row = topology_exchanges; row->name != NULL; row++)
		printf("exchange\t%s\t%s\n", row->name, row->type);
	for (const struct topology_queue *row = topology_queues; row->name != NULL; row++)
		printf("queue\t%s\t%s\t%s\n", row->name, kinds[row->kind], row->arguments);
	for (const struct topology_binding *row = topology_bindings; row->exchange != NULL; row++)
		printf("binding\t%s\t%s\t%s\n", row->exchange, row->queue, row->routing_key);
	for (const struct topology_policy *row = topology_policies; row->name != NULL; row++)
		printf("policy\t%s\t%s\t%s\n", row->name, row->pattern, row->definition);
}

static void print_statuses(void)
{
	for (int status = 0; status < STATUS_COUNT; status++) {
		const struct status_rule *rule = status_rule((enum status)status);

		printf("status\t%s\t%d\t%s\n", rule->code, rule->http, rule->title);
	}
}

int main(void)
{
	for (int i = 0; i < comanda_contract.count; i++)
		print_message(&comanda_contract.types[i]);
	print_topology();
	print_statuses();
	return reference_end();
}
