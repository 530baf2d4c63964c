/* The three services: their handlers, and the queues bound to each event. */
#include "tests/model/services.h"

#include <assert.h>
#include <string.h>

#include "orders/handlers.h"
#include "orders/usecases/decisions.h"
#include "products/handlers.h"
#include "products/usecases/decisions.h"
#include "proto/topology.h"
#include "users/usecases/decisions.h"

static const struct aggregate *const orders_kinds[] = {&order_kind, NULL};
static const struct aggregate *const products_kinds[] = {&product_kind, &sku_claim_kind, &reservation_kind, NULL};
static const struct aggregate *const users_kinds[] = {&buyer_kind, NULL};

/* As in svc-users/handlers.c, whose other tables would link half of the program. */
static const struct handler users_events[] = {
	{.type = ORDER_PLACED, .keys = buyer_keys, .decide = verify_buyer},
	{0},
};

static const struct model_service services[SERVICES] = {
	[SERVICE_ORDERS] = {.name = "svc-orders",
			    .queue = "orders.events",
			    .events = orders_events,
			    .commands = orders_commands,
			    .kinds = orders_kinds,
			    .transactional = true},
	[SERVICE_PRODUCTS] = {.name = "svc-products",
			      .queue = "products.events",
			      .events = products_events,
			      .kinds = products_kinds,
			      .transactional = true},
	[SERVICE_USERS] = {.name = "svc-users", .queue = "users.events", .events = users_events, .kinds = users_kinds},
};

const struct model_service *service_of(enum service_name name)
{
	assert((unsigned)name < SERVICES);
	return &services[name];
}

const struct handler *service_handler(const struct model_service *service, int type)
{
	const struct handler *handler =
		comanda_contract.types[type].kind == REQUEST ? service->commands : service->events;

	for (; handler != NULL && handler->decide != NULL; handler++)
		if (handler->type == type)
			return handler;
	return NULL;
}

unsigned services_bound_to(int type)
{
	const char *name = comanda_contract.types[type].name;
	unsigned hearing = 0;

	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++)
		for (unsigned service = 0; service < SERVICES; service++)
			if (strcmp(binding->exchange, "events") == 0 && strcmp(binding->routing_key, name) == 0 &&
			    strcmp(binding->queue, services[service].queue) == 0)
				hearing |= 1U << service;
	return hearing;
}
