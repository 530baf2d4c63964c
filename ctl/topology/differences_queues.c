/* Compares exchanges, queues, bindings and policies. */
#include <string.h>

#include "ctl/lib/log_event.h"
#include "ctl/topology/differences.h"
#include "ctl/topology/queue_arguments.h"
#include "proto/topology.h"
#include "json/value.h"

static const char *printed(struct differences *found, const struct json *json)
{
	struct buffer text;

	buffer_init(&text);
	json_print(&text, json);
	const char *copy = arena_text(&found->arena, text.bytes);
	buffer_done(&text);
	return copy;
}

/* The first member that is missing, different or too much, in words; NULL: the object is as `should` says. */
static const char *compare(struct differences *found, const struct json *is, const char *should)
{
	struct faults faults = {0};
	const struct json *wanted;

	if (json_parse(&found->arena, span_of(should), &faults, &wanted) != OK || is == NULL)
		return "cannot be compared";
	for (const struct json *member = json_first(wanted); member != NULL; member = json_next(member)) {
		const struct json *there = json_member(is, json_name(member));
		const char *want = printed(found, member);

		if (there == NULL)
			return arena_format(&found->arena, "%s is not set; it should be %s", json_name(member), want);
		if (strcmp(printed(found, there), want) != 0)
			return arena_format(&found->arena, "%s is %s; it should be %s", json_name(member),
					    printed(found, there), want);
	}
	for (const struct json *member = json_first(is); member != NULL; member = json_next(member))
		if (json_member(wanted, json_name(member)) == NULL)
			return arena_format(&found->arena, "%s is %s; it should not be set", json_name(member),
					    printed(found, member));
	return NULL;
}

/* ---- exchanges ---- */

static const struct topology_exchange *known_exchange(const char *name)
{
	for (const struct topology_exchange *known = topology_exchanges; known->name != NULL; known++)
		if (strcmp(known->name, name) == 0)
			return known;
	return NULL;
}

static void compare_exchanges(struct differences *found)
{
	for (const struct topology_exchange *exchange = topology_exchanges; exchange->name != NULL; exchange++) {
		const struct json *is = differences_get(found, "exchanges/{vhost}/", exchange->name);

		if (is == NULL)
			add_difference(found, "exchange", exchange->name, "is not there");
		else if (strcmp(json_text_of(is, "type"), exchange->type) != 0) {
			struct difference *other =
				add_difference(found, "exchange", exchange->name, "is of type %s; it should be %s",
					       json_text_of(is, "type"), exchange->type);
			other->repair = REPAIR_BY_HAND;
			other->steps = "stop all programs, so that nothing is published to it\n"
				       "delete the exchange in the management UI\n"
				       "comanda topology apply\n"
				       "start the programs: what they could not publish waits in their outboxes\n";
		}
	}
}

/* ---- queues ---- */

static bool is_known_queue(const char *name)
{
	for (const struct topology_queue *known = topology_queues; known->name != NULL; known++)
		if (strcmp(known->name, name) == 0)
			return true;
	return false;
}

static const char *steps_for(struct differences *found, const struct topology_queue *queue)
{
	const char *end = strrchr(queue->name, '.');
	const char *service = arena_format(&found->arena, "svc-%.*s", (int)(end - queue->name), queue->name);

	if (queue->kind == QUEUE_STREAM)
		return "keep its events: comanda events export FILE\n"
		       "stop all programs\n"
		       "delete the queue in the management UI\n"
		       "comanda topology apply\n"
		       "comanda events import FILE\n"
		       "start the programs\n";
	if (strcmp(end, ".dead") == 0)
		return arena_format(&found->arena,
				    "empty it: comanda dead redrive --service %.*s --all, or drop\n"
				    "delete the queue in the management UI\n"
				    "comanda topology apply\n",
				    (int)(end - queue->name), queue->name);
	return arena_format(&found->arena,
			    "stop the others, and let %s empty the queue: ./dev status, the management UI\n"
			    "stop %s\n"
			    "check that it is empty, and delete the queue in the management UI\n"
			    "comanda topology apply\n"
			    "start them all: what they could not publish waits in their outboxes\n",
			    service, service);
}

static void compare_queues(struct differences *found)
{
	for (const struct topology_queue *queue = topology_queues; queue->name != NULL; queue++) {
		const struct json *is = differences_get(found, "queues/{vhost}/", queue->name);
		const char *wrong = is == NULL ? NULL
					       : compare(found, json_member(is, "arguments"),
							 queue_arguments(queue, &found->arena));

		if (is == NULL) {
			add_difference(found, "queue", queue->name, "is not there");
		} else if (wrong != NULL) {
			struct difference *other = add_difference(found, "queue", queue->name, "%s", wrong);

			other->repair = REPAIR_BY_HAND;
			other->steps = steps_for(found, queue);
		}
	}
}

/* An unknown queue may hold messages that are needed. Only a person deletes it. */
static void find_extra_queues(struct differences *found)
{
	const struct json *all = management_get(found->management, "queues/{vhost}", &found->arena);
	const int count = all == NULL ? 0 : json_count(all);

	for (int i = 0; i < count; i++) {
		const struct json *is = json_item(all, i), *exclusive = json_member(is, "exclusive");

		if (is_known_queue(json_text_of(is, "name")) ||
		    (exclusive != NULL && json_type(exclusive) == JSON_BOOL && json_truth(exclusive)))
			continue; /* an exclusive queue ends with its connection */
		struct difference *extra =
			add_difference(found, "queue", json_text_of(is, "name"), "should not be there");
		extra->extra = true;
		extra->repair = REPAIR_BY_HAND;
		extra->steps = "find out in the management UI what it holds, and which program reads it\n"
			       "delete it there\n";
	}
}

/* ---- bindings ---- */

static bool is_binding(const struct json *is, const struct topology_binding *binding)
{
	return strcmp(json_text_of(is, "source"), binding->exchange) == 0 &&
	       strcmp(json_text_of(is, "destination"), binding->queue) == 0 &&
	       strcmp(json_text_of(is, "routing_key"), binding->routing_key) == 0;
}

static const char *binding_name(struct differences *found, const char *exchange, const char *key, const char *queue)
{
	return arena_format(&found->arena, "%s → %s with key %s", exchange, queue, key);
}

static void find_missing_bindings(struct differences *found, const struct json *all, int count)
{
	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++) {
		bool there = false;

		for (int i = 0; i < count && !there; i++)
			there = is_binding(json_item(all, i), binding);
		if (!there)
			add_difference(found, "binding",
				       binding_name(found, binding->exchange, binding->routing_key, binding->queue),
				       "is not there: comanda replay sends the events that the queue has missed");
	}
}

static void find_extra_bindings(struct differences *found, const struct json *all, int count)
{
	for (int i = 0; i < count; i++) {
		const struct json *is = json_item(all, i);
		const struct topology_binding *binding = topology_bindings;
		const char *source = json_text_of(is, "source"), *to = json_text_of(is, "destination");

		while (binding->exchange != NULL && !is_binding(is, binding))
			binding++;
		if (binding->exchange != NULL || known_exchange(source) == NULL)
			continue;
		struct difference *extra = add_difference(
			found, "binding", binding_name(found, source, json_text_of(is, "routing_key"), to),
			"should not be there");
		if (!is_known_queue(to))
			continue; /* of an unknown queue: the binding ends with it */
		extra->method = "DELETE";
		extra->path = arena_format(
			&found->arena, "bindings/{vhost}/e/%s/q/%s/%s",
			management_encode(found->management, source, &found->arena),
			management_encode(found->management, to, &found->arena),
			management_encode(found->management, json_text_of(is, "properties_key"), &found->arena));
	}
}

static void compare_bindings(struct differences *found)
{
	const struct json *all = management_get(found->management, "bindings/{vhost}", &found->arena);
	const int count = all == NULL ? 0 : json_count(all);

	find_missing_bindings(found, all, count);
	find_extra_bindings(found, all, count);
}

/* ---- policies ---- */

static const struct topology_policy *known_policy(const char *name)
{
	for (const struct topology_policy *known = topology_policies; known->name != NULL; known++)
		if (strcmp(known->name, name) == 0)
			return known;
	return NULL;
}

static void compare_policies(struct differences *found)
{
	for (const struct topology_policy *policy = topology_policies; policy->name != NULL; policy++) {
		const struct json *is = differences_get(found, "policies/{vhost}/", policy->name);

		if (is == NULL) {
			add_difference(found, "policy", policy->name, "is not there");
			continue;
		}
		const char *wrong = compare(found, json_member(is, "definition"), policy->definition);
		if (wrong != NULL)
			add_difference(found, "policy", policy->name, "%s", wrong);
		if (strcmp(json_text_of(is, "pattern"), policy->pattern) != 0)
			add_difference(found, "policy", policy->name, "is for %s; it should be for %s",
				       json_text_of(is, "pattern"), policy->pattern);
	}
}

/* An unknown policy may have a higher priority than the table's, and limit a queue that must not be limited. */
static void find_extra_policies(struct differences *found)
{
	const struct json *all = management_get(found->management, "policies/{vhost}", &found->arena);
	const int count = all == NULL ? 0 : json_count(all);

	for (int i = 0; i < count; i++) {
		const char *name = json_text_of(json_item(all, i), "name");

		if (known_policy(name) != NULL)
			continue;
		struct difference *extra = add_difference(found, "policy", name, "should not be there");
		extra->extra = true;
		extra->repair = REPAIR_BY_HAND;
		extra->steps = "ask who made it, and why; delete it in the management UI\n";
	}
}

void differences_of_queues(struct differences *found)
{
	compare_exchanges(found);
	compare_queues(found);
	find_extra_queues(found);
	compare_bindings(found);
	compare_policies(found);
	find_extra_policies(found);
}
