/* The broker's topology as tables: exchanges, queues, bindings, policies, and the rights of each program.
 * `comanda topology apply` brings the broker into this state. The programs declare nothing. */
#ifndef PROTO_TOPOLOGY_H
#define PROTO_TOPOLOGY_H

#include <stddef.h>

struct topology_exchange {
	const char *name, *type; /* "direct", "topic" */
};

enum queue_kind { QUEUE_CLASSIC, QUEUE_QUORUM, QUEUE_STREAM };

struct topology_queue {
	const char *name;
	enum queue_kind kind;
	const char *arguments; /* JSON object, without x-queue-type */
};

struct topology_binding {
	const char *exchange, *queue, *routing_key;
};

/* Policies hold what may change while the broker runs: limits and retention. */
struct topology_policy {
	const char *name, *pattern, *definition; /* definition: JSON object; applies to queues */
	int priority;
};

/* Regular expressions, as RabbitMQ's permissions take them. "" allows nothing. */
struct topology_user {
	const char *name;
	const char *configure, *write, *read;
	const char *events_write; /* topic permission on the exchange "events": routing keys it may publish */
};

/* Each array ends with a row whose name (exchange, for bindings) is NULL. */
extern const struct topology_exchange topology_exchanges[];
extern const struct topology_queue topology_queues[];
extern const struct topology_binding topology_bindings[];
extern const struct topology_policy topology_policies[];
extern const struct topology_user topology_users[];

#endif
