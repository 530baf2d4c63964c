#include "proto/topology.h"

const struct topology_exchange topology_exchanges[] = {
	{.name = "rpc", .type = "direct"},   /* requests, by queue name */
	{.name = "events", .type = "topic"}, /* events, by event name */
	{.name = "dead", .type = "direct"},  /* dead letters, by service */
	{0},
};

/* An event that cannot be processed goes to the dead letters of the service. With at-least-once RabbitMQ removes it
 * from the queue only when it has arrived there. */
#define DEAD_LETTER_ARGUMENTS(service)                                                                                 \
	"{\"x-dead-letter-exchange\":\"dead\",\"x-dead-letter-routing-key\":\"" service                                \
	".dead\",\"x-dead-letter-strategy\":\"at-least-once\",\"x-overflow\":\"reject-publish\"}"

const struct topology_queue topology_queues[] = {
	{.name = "users.query", .kind = QUEUE_CLASSIC, .arguments = "{}"},
	{.name = "users.command", .kind = QUEUE_CLASSIC, .arguments = "{}"},
	{.name = "users.password", .kind = QUEUE_CLASSIC, .arguments = "{}"},
	{.name = "products.query", .kind = QUEUE_CLASSIC, .arguments = "{}"},
	{.name = "products.command", .kind = QUEUE_CLASSIC, .arguments = "{}"},
	{.name = "orders.query", .kind = QUEUE_CLASSIC, .arguments = "{}"},
	{.name = "orders.command", .kind = QUEUE_CLASSIC, .arguments = "{}"},
	{.name = "users.events", .kind = QUEUE_QUORUM, .arguments = DEAD_LETTER_ARGUMENTS("users")},
	{.name = "products.events", .kind = QUEUE_QUORUM, .arguments = DEAD_LETTER_ARGUMENTS("products")},
	{.name = "orders.events", .kind = QUEUE_QUORUM, .arguments = DEAD_LETTER_ARGUMENTS("orders")},
	{.name = "users.dead", .kind = QUEUE_QUORUM, .arguments = "{}"},
	{.name = "products.dead", .kind = QUEUE_QUORUM, .arguments = "{}"},
	{.name = "orders.dead", .kind = QUEUE_QUORUM, .arguments = "{}"},
	{.name = "events.log", .kind = QUEUE_STREAM, .arguments = "{}"},
	{0},
};

const struct topology_binding topology_bindings[] = {
	{.exchange = "rpc", .queue = "users.query", .routing_key = "users.query"},
	{.exchange = "rpc", .queue = "users.command", .routing_key = "users.command"},
	{.exchange = "rpc", .queue = "users.password", .routing_key = "users.password"},
	{.exchange = "rpc", .queue = "products.query", .routing_key = "products.query"},
	{.exchange = "rpc", .queue = "products.command", .routing_key = "products.command"},
	{.exchange = "rpc", .queue = "orders.query", .routing_key = "orders.query"},
	{.exchange = "rpc", .queue = "orders.command", .routing_key = "orders.command"},

	{.exchange = "events", .queue = "users.events", .routing_key = "order.placed"},

	{.exchange = "events", .queue = "products.events", .routing_key = "order.placed"},
	{.exchange = "events", .queue = "products.events", .routing_key = "order.confirmed"},
	{.exchange = "events", .queue = "products.events", .routing_key = "order.rejected"},
	{.exchange = "events", .queue = "products.events", .routing_key = "order.expired"},
	{.exchange = "events", .queue = "products.events", .routing_key = "order.cancelled"},

	{.exchange = "events", .queue = "orders.events", .routing_key = "user.verified"},
	{.exchange = "events", .queue = "orders.events", .routing_key = "user.refused"},
	{.exchange = "events", .queue = "orders.events", .routing_key = "stock.reserved"},
	{.exchange = "events", .queue = "orders.events", .routing_key = "stock.refused"},
	{.exchange = "events", .queue = "orders.events", .routing_key = "reservation.overdue"},

	{.exchange = "events", .queue = "events.log", .routing_key = "#"},

	{.exchange = "dead", .queue = "users.dead", .routing_key = "users.dead"},
	{.exchange = "dead", .queue = "products.dead", .routing_key = "products.dead"},
	{.exchange = "dead", .queue = "orders.dead", .routing_key = "orders.dead"},
	{0},
};

const struct topology_policy topology_policies[] = {
	/* A request is worthless after its deadline. So the queues of requests are bounded, and refuse what is too
	   much. */
	{.name = "requests",
	 .pattern = "^(users|products|orders)\\.(query|command|password)$",
	 .definition = "{\"max-length\":20000,\"overflow\":\"reject-publish\"}",
	 .priority = 10},
	/* An event is never dropped. So the queues of events are not bounded, and an event becomes a dead letter after
	 * 20 deliveries. A consumer makes a dead letter of a bad event much earlier. The limit is for an event that
	 * crashes the consumer each time. */
	{.name = "events",
	 .pattern = "^(users|products|orders)\\.events$",
	 .definition = "{\"delivery-limit\":20}",
	 .priority = 10},
	/* A dead letter stays until an operator removes it. Each look at a dead letter counts as a delivery, so no
	 * limit may drop it. RabbitMQ 4 has a limit of 20 if none is set. */
	{.name = "dead",
	 .pattern = "^(users|products|orders)\\.dead$",
	 .definition = "{\"delivery-limit\":1000000000}",
	 .priority = 10},
	/* The log keeps 30 days or 20 GB, whichever is less. */
	{.name = "events-log",
	 .pattern = "^events\\.log$",
	 .definition = "{\"max-age\":\"30D\",\"max-length-bytes\":20000000000}",
	 .priority = 10},
	{0},
};

/* No program may configure anything. Replies go through the default exchange, whose write permission is written
 * "amq\\.default". This permission lets a service write to any queue, so consumers check the sender (user_id). */
const struct topology_user topology_users[] = {
	{.name = "edge-http", .configure = "", .write = "^rpc$", .read = "", .events_write = ""},
	{.name = "svc-users",
	 .configure = "",
	 .write = "^(events|dead|amq\\.default)$",
	 .read = "^users\\.(query|command|password|events)$",
	 .events_write = "^user\\."},
	{.name = "svc-products",
	 .configure = "",
	 .write = "^(events|dead|amq\\.default)$",
	 .read = "^products\\.(query|command|events)$",
	 .events_write = "^(product|stock|reservation)\\."},
	{.name = "svc-orders",
	 .configure = "",
	 .write = "^(events|dead|amq\\.default)$",
	 .read = "^orders\\.(query|command|events)$",
	 .events_write = "^order\\."},
	/* The account of `comanda`. It reads the log and the dead letters, and sends to queues (redrive, replay). It
	 * may publish no event but operator.*, and cannot read the queues of a service. */
	{.name = "operator",
	 .configure = "",
	 .write = "^(events|amq\\.default)$",
	 .read = "^(events\\.log|(users|products|orders)\\.dead)$",
	 .events_write = "^operator\\."},
	{0},
};
