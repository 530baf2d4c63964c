/* What svc-orders does with each message. Each row: the message, the aggregates that it touches, its decision. */
#include "orders/handlers.h"

#include "orders/queries/queries.h"
#include "orders/settings.h"
#include "orders/usecases/decisions.h"
#include "proto/messages.h"

/* A decision is pure: what it takes from the settings comes with the message. */
static enum status prepare_place_order(struct txn *txn, struct query *query)
{
	const struct orders_settings *settings = txn_settings(txn);

	query->message.prepared = &settings->place;
	return OK;
}

/* clang-format off */
const struct handler orders_queries[] = {
	{ .type = ORDERS_GET,          .read = get_orders    },
	{ .type = ORDERS_LIST,         .read = list_orders   },
	{ .type = ORDERS_TIMELINE,     .read = get_timelines },
	{ 0 },
};

const struct handler orders_commands[] = {
	{ .type = ORDERS_PLACE,        .decide = place_order, .prepare = prepare_place_order },
	{ .type = ORDERS_CANCEL,       .keys = order_key, .decide = cancel_order },
	{ 0 },
};

/* The events of the saga (domain/saga.c). The order's state and history make the four answers idempotent.
 * reservation.overdue and the timer are not: while the order is pending they change nothing, and after its end the same
 * message would publish the end again. So the inbox finds their duplicates. */
const struct handler orders_events[] = {
	{ .type = USER_VERIFIED,       .keys = order_key, .decide = on_user_verified,  .idempotent = true, .join = true },
	{ .type = USER_REFUSED,        .keys = order_key, .decide = on_user_refused,   .idempotent = true },
	{ .type = STOCK_RESERVED,      .keys = order_key, .decide = on_stock_reserved, .idempotent = true, .join = true },
	{ .type = STOCK_REFUSED,       .keys = order_key, .decide = on_stock_refused,  .idempotent = true },
	{ .type = RESERVATION_OVERDUE, .keys = order_key, .decide = on_reservation_overdue },
	{ .type = ORDER_DEADLINE,      .keys = order_key, .decide = on_deadline },
	{ 0 },
};
/* clang-format on */
