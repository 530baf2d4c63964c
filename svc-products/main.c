/* svc-products: the catalogue, its stock, and what orders hold of it. */
#include "handlers.h"
#include "messages.h"
#include "settings.h"
#include "stores.h"

extern const struct migration products_migrations[];

static const struct store *const stores[] = {&product_store, &sku_claim_store, &reservation_store, NULL};

static const struct lane_plan lanes[] = {
	{.name = "query", .kind = LANE_QUERY, .queue = "products.query", .handlers = products_queries, .count = 1},
	{.name = "command",
	 .kind = LANE_COMMAND,
	 .queue = "products.command",
	 .handlers = products_commands,
	 .count = 1},
	{.name = "events", .kind = LANE_EVENTS, .queue = "products.events", .handlers = products_events, .count = 1},
	{0},
};

int main(int argc, char **argv)
{
	const struct retention retention[] = {
		{.name = "reservations",
		 .prune = reservation_prune,
		 .keep_setting = offsetof(struct products_settings, reservation_retention_us)},
		{0},
	};
	const struct service service = {
		.name = "svc-products",
		.about = "the catalogue, its stock, and what orders hold of it",
		.house = "products",
		.contract = &comanda_contract,
		.settings = products_setting_table,
		.settings_offset = offsetof(struct products_settings, service),
		.settings_size = sizeof(struct products_settings),
		.migrations = products_migrations,
		.stores = stores,
		.lanes = lanes,
		.retention = retention,
	};

	return service_run(&service, argc, argv);
}
