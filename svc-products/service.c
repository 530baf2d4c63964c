/* svc-products, wired: consumers, stores, retention, deadlines, settings. The work is in the tables of handlers.c. */
#include "products/service.h"

#include "products/handlers.h"
#include "products/settings.h"
#include "products/store/stores.h"
#include "products/usecases/decisions.h"
#include "proto/messages.h"

extern const struct migration products_migrations[];

static const struct store *const stores[] = {&product_store, &sku_claim_store, &reservation_store, NULL};

static const struct consumer_config consumers[] = {
	{.name = "query",
	 .kind = CONSUMER_QUERY,
	 .queue = "products.query",
	 .handlers = products_queries,
	 .count_setting = offsetof(struct service_settings, consumers_query)},
	{.name = "command",
	 .kind = CONSUMER_COMMAND,
	 .queue = "products.command",
	 .handlers = products_commands,
	 .count_setting = offsetof(struct service_settings, consumers_command)},
	{.name = "events",
	 .kind = CONSUMER_EVENTS,
	 .queue = "products.events",
	 .handlers = products_events,
	 .count_setting = offsetof(struct service_settings, consumers_events)},
	{0},
};

/* An order id begins with the milliseconds of its creation (UUIDv7), so the primary key finds the oldest rows. No index
 * is on a column that the end of a reservation changes. */
static const struct retention retention[] = {
	{.name = "reservations",
	 .prune = {"reservation_prune",
		   "DELETE FROM reservations WHERE ctid = ANY(ARRAY(SELECT ctid FROM reservations WHERE order_id < "
		   "(lpad(to_hex((extract(epoch FROM $1::timestamptz) * 1000)::bigint), 12, '0') || repeat('0', "
		   "20))::uuid AND state <> 'held' AND updated_at < $1 ORDER BY order_id LIMIT 1000))"},
	 .keep_setting = offsetof(struct products_settings, reservation_retention_us)},
	{0},
};

static const struct deadline_source deadline_sources[] = {
	DEADLINE_SOURCE(RESERVATION_DEADLINE, reservation_kind, "reservations", "order_id", "state = 'held'"),
	{0},
};

const struct service products_service = {
	.name = PRODUCTS_SERVICE,
	.about = "the catalogue, its stock, and the reservations of orders",
	.queue_prefix = "products",
	.contract = &comanda_contract,
	.settings = products_settings_table,
	.settings_offset = offsetof(struct products_settings, service),
	.settings_size = sizeof(struct products_settings),
	.migrations = products_migrations,
	.stores = stores,
	.consumers = consumers,
	.retention = retention,
	.deadline_sources = deadline_sources,
};
