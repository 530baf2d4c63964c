/* svc-orders, wired: consumers, stores, deadlines, settings. The work is in the tables of handlers.c. */
#include "orders/service.h"

#include "orders/domain/saga.h"
#include "orders/handlers.h"
#include "orders/settings.h"
#include "orders/store/orders_metrics.h"
#include "orders/store/stores.h"
#include "orders/usecases/decisions.h"
#include "proto/messages.h"

extern const struct migration orders_migrations[];

static const struct store *const stores[] = {&order_store, NULL};

static const struct consumer_config consumers[] = {
	{.name = "query",
	 .kind = CONSUMER_QUERY,
	 .queue = "orders.query",
	 .handlers = orders_queries,
	 .count_setting = offsetof(struct service_settings, consumers_query)},
	{.name = "command",
	 .kind = CONSUMER_COMMAND,
	 .queue = "orders.command",
	 .handlers = orders_commands,
	 .count_setting = offsetof(struct service_settings, consumers_command)},
	{.name = "events",
	 .kind = CONSUMER_EVENTS,
	 .queue = "orders.events",
	 .handlers = orders_events,
	 .count_setting = offsetof(struct service_settings, consumers_events),
	 .join_timeout_us = 400 * MS_US, /* more than svc-products needs to answer COMANDA_MAX_PENDING orders */
	 .batch_max = 1000},
	{0},
};

static const struct deadline_source deadline_sources[] = {
	DEADLINE_SOURCE(ORDER_DEADLINE, order_kind, "orders", "id", "state < 3"),
	{0},
};
_Static_assert(STOCK_HELD == 2 && CONFIRMED == 3, "the condition state < 3 selects the states that are not final");

const struct service orders_service = {
	.name = ORDERS_SERVICE,
	.about = "orders, and the saga that leads each from placed to confirmed",
	.queue_prefix = "orders",
	.contract = &comanda_contract,
	.settings = orders_settings_table,
	.settings_offset = offsetof(struct orders_settings, service),
	.settings_size = sizeof(struct orders_settings),
	.migrations = orders_migrations,
	.stores = stores,
	.consumers = consumers,
	.gauges = orders_gauges,
	.deadline_sources = deadline_sources,
	.admission = {.type = ORDERS_PLACE, .max_setting = offsetof(struct orders_settings, pending_max)},
};
