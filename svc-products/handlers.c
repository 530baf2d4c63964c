/* What svc-products does with each message. Each row: the message, the aggregates that it touches, its decision. */
#include "products/handlers.h"

#include "products/queries/queries.h"
#include "products/usecases/decisions.h"

/* clang-format off */
const struct handler products_queries[] = {
	{ .type = PRODUCTS_GET,          .read = get_products  },
	{ .type = PRODUCTS_LIST,         .read = list_products },
	{ 0 },
};

const struct handler products_commands[] = {
	{ .type = PRODUCTS_CREATE,       .keys = create_keys, .decide = create_product   },
	{ .type = PRODUCTS_CHANGE,       .keys = change_keys, .decide = change_product   },
	{ .type = PRODUCTS_WITHDRAW,     .keys = product_key, .decide = withdraw_product },
	{ .type = PRODUCTS_ADJUST_STOCK, .keys = product_key, .decide = adjust_stock     },
	{ 0 },
};

/* The events of orders. A reservation (also a refused one and a tombstone) is made once and ends once, which makes these
 * decisions idempotent. The timer publishes its question each time. */
const struct handler products_events[] = {
	{ .type = ORDER_PLACED,          .keys = placed_keys, .decide = reserve_order, .idempotent = true },
	{ .type = ORDER_CONFIRMED,       .keys = order_keys,  .decide = sell_order,    .idempotent = true },
	{ .type = ORDER_REJECTED,        .keys = order_keys,  .decide = release_order, .idempotent = true },
	{ .type = ORDER_EXPIRED,         .keys = order_keys,  .decide = release_order, .idempotent = true },
	{ .type = ORDER_CANCELLED,       .keys = order_keys,  .decide = release_order, .idempotent = true },
	{ .type = RESERVATION_DEADLINE,  .keys = timer_key,   .decide = check_overdue },
	{ 0 },
};
/* clang-format on */
