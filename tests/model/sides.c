/* The three services: their handlers, and who hears what by the broker's bindings. */
#include "tests/model/sides.h"

#include <assert.h>
#include <string.h>

#include "orders/handlers.h"
#include "orders/usecases/decisions.h"
#include "products/handlers.h"
#include "products/usecases/aggregates.h"
#include "proto/topology.h"
#include "users/domain/users.h"

static const struct aggregate *const orders_kinds[] = {&order_kind, NULL};
static const struct aggregate *const products_kinds[] = {&product_kind, &sku_claim_kind, &reservation_kind, NULL};
static const struct aggregate *const users_kinds[] = {&buyer_kind, NULL};

/* As in svc-users/handlers.c, whose other tables would bring half the program with them. */
static const struct handler users_events[] = {
	{.type = ORDER_PLACED, .keys = buyer_keys, .decide = answer_order},
	{0},
};

static const struct side sides[SIDES] = {
	[SIDE_ORDERS] = {.name = "svc-orders",
			 .queue = "orders.events",
			 .events = orders_events,
			 .commands = orders_commands,
			 .kinds = orders_kinds,
			 .keeps = true},
	[SIDE_PRODUCTS] = {.name = "svc-products",
			   .queue = "products.events",
			   .events = products_events,
			   .kinds = products_kinds,
			   .keeps = true},
	[SIDE_USERS] = {.name = "svc-users", .queue = "users.events", .events = users_events, .kinds = users_kinds},
};

const struct side *side_of(enum side_name name)
{
	assert((unsigned)name < SIDES);
	return &sides[name];
}

const struct handler *side_handler(const struct side *side, int type)
{
	const struct handler *handler = comanda_contract.types[type].kind == REQUEST ? side->commands : side->events;

	for (; handler != NULL && handler->decide != NULL; handler++)
		if (handler->type == type)
			return handler;
	return NULL;
}

unsigned sides_hearing(int type)
{
	const char *name = comanda_contract.types[type].name;
	unsigned hearing = 0;

	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++)
		for (unsigned side = 0; side < SIDES; side++)
			if (strcmp(binding->exchange, "events") == 0 && strcmp(binding->routing_key, name) == 0 &&
			    strcmp(binding->queue, sides[side].queue) == 0)
				hearing |= 1U << side;
	return hearing;
}
