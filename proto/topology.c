#include "proto/topology.h"

const struct topology_exchange topology_exchanges[] = {
	{"rpc", "direct"},   /* requests, by queue */
	{"events", "topic"}, /* what has happened, by event name */
	{"dead", "direct"},  /* what could not be handled, by service */
	{NULL, NULL},
};

/* What cannot be handled goes to the service's own dead letters, and is dropped here only once it has arrived there. */
#define EVENTS(service)                                                                                                \
	"{\"x-dead-letter-exchange\":\"dead\",\"x-dead-letter-routing-key\":\"" service                                \
	".dead\",\"x-dead-letter-strategy\":\"at-least-once\",\"x-overflow\":\"reject-publish\"}"

const struct topology_queue topology_queues[] = {
	{"users.query", QUEUE_CLASSIC, "{}"},
	{"users.command", QUEUE_CLASSIC, "{}"},
	{"users.password", QUEUE_CLASSIC, "{}"},
	{"products.query", QUEUE_CLASSIC, "{}"},
	{"products.command", QUEUE_CLASSIC, "{}"},
	{"orders.query", QUEUE_CLASSIC, "{}"},
	{"orders.command", QUEUE_CLASSIC, "{}"},
	{"users.events", QUEUE_QUORUM, EVENTS("users")},
	{"products.events", QUEUE_QUORUM, EVENTS("products")},
	{"orders.events", QUEUE_QUORUM, EVENTS("orders")},
	{"users.dead", QUEUE_QUORUM, "{}"},
	{"products.dead", QUEUE_QUORUM, "{}"},
	{"orders.dead", QUEUE_QUORUM, "{}"},
	{"events.log", QUEUE_STREAM, "{}"},
	{NULL, QUEUE_CLASSIC, NULL},
};

const struct topology_binding topology_bindings[] = {
	{"rpc", "users.query", "users.query"},
	{"rpc", "users.command", "users.command"},
	{"rpc", "users.password", "users.password"},
	{"rpc", "products.query", "products.query"},
	{"rpc", "products.command", "products.command"},
	{"rpc", "orders.query", "orders.query"},
	{"rpc", "orders.command", "orders.command"},

	{"events", "users.events", "order.placed"},

	{"events", "products.events", "order.placed"},
	{"events", "products.events", "order.confirmed"},
	{"events", "products.events", "order.rejected"},
	{"events", "products.events", "order.expired"},
	{"events", "products.events", "order.cancelled"},

	{"events", "orders.events", "user.verified"},
	{"events", "orders.events", "user.refused"},
	{"events", "orders.events", "stock.reserved"},
	{"events", "orders.events", "stock.refused"},
	{"events", "orders.events", "reservation.overdue"},

	{"events", "events.log", "#"},

	{"dead", "users.dead", "users.dead"},
	{"dead", "products.dead", "products.dead"},
	{"dead", "orders.dead", "orders.dead"},
	{NULL, NULL, NULL},
};

const struct topology_policy topology_policies[] = {
	/* A request that nobody takes is worth nothing after its deadline: queues of requests are bounded, and refuse.
	 */
	{"requests", "^(users|products|orders)\\.(query|command|password)$",
	 "{\"max-length\":20000,\"overflow\":\"reject-publish\"}", 10},
	/* An event is worth everything: never bounded, and put aside, not dropped, after 20 deliveries. The queues put
	 * a poisonous one aside much earlier; this is for what crashes even that. */
	{"events", "^(users|products|orders)\\.events$", "{\"delivery-limit\":20}", 10},
	/* A dead letter stays until somebody has looked at it, and looking at it gives it back each time: no limit that
	 * counts deliveries may drop it. (RabbitMQ 4 has one of 20 where none is set.) */
	{"dead", "^(users|products|orders)\\.dead$", "{\"delivery-limit\":1000000000}", 10},
	/* The log keeps 30 days or 20 GB, whichever ends first. */
	{"events-log", "^events\\.log$", "{\"max-age\":\"30D\",\"max-length-bytes\":20000000000}", 10},
	{NULL, NULL, NULL, 0},
};

/* No program may configure anything. Replies go through the default exchange, whose write permission is written
 * "amq\\.default"; because that would let a service write to any queue, queues check who sent what (user_id). */
const struct topology_user topology_users[] = {
	{"edge-http", "", "^rpc$", "", ""},
	{"svc-users", "", "^(events|dead|amq\\.default)$", "^users\\.(query|command|password|events)$", "^user\\."},
	{"svc-products", "", "^(events|dead|amq\\.default)$", "^products\\.(query|command|events)$",
	 "^(product|stock|reservation)\\."},
	{"svc-orders", "", "^(events|dead|amq\\.default)$", "^orders\\.(query|command|events)$", "^order\\."},
	/* The account of `comanda`: reads the log and the dead letters, sends to queues (redrive, replay), and may tell
	 * no event but what it did itself. It cannot read what waits for a service. */
	{"operator", "", "^(events|amq\\.default)$", "^(events\\.log|(users|products|orders)\\.dead)$", "^operator\\."},
	{NULL, NULL, NULL, NULL, NULL},
};
