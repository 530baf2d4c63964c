/* What svc-orders listens to. Each row: the message, the aggregates it touches, what it means. */
#include "orders/handlers.h"

#include "orders/queries/queries.h"
#include "orders/settings.h"
#include "orders/usecases/decisions.h"
#include "proto/messages.h"

/* Decisions are pure: what placing takes from the settings travels with the request. */
static enum status give_terms(struct txn *txn, struct query *query)
{
	const struct orders_settings *settings = txn_settings(txn);

	query->message.prepared = &settings->place;
	return OK;
}

/* clang-format off */
const struct handler orders_queries[] = {
	{ ORDERS_GET,          .read = read_orders      },
	{ ORDERS_LIST,         .read = read_order_lists },
	{ ORDERS_TIMELINE,     .read = read_timelines   },
	{ 0 }
};

const struct handler orders_commands[] = {
	{ ORDERS_PLACE,        .prepare = give_terms, .decide = place_order  },
	{ ORDERS_CANCEL,       .keys = order_key,     .decide = cancel_order },
	{ 0 }
};

/* The events that move the saga (domain/saga.c). An answer moves an order once, by its state and its history. What asks
 * may find nothing to say today and an end tomorrow: it is asked once, which takes a claim. */
const struct handler orders_events[] = {
	{ USER_VERIFIED,       .keys = order_key, .decide = on_user_verified,  .idempotent = true,
	                       .join = true },
	{ USER_REFUSED,        .keys = order_key, .decide = on_user_refused,   .idempotent = true },
	{ STOCK_RESERVED,      .keys = order_key, .decide = on_stock_reserved, .idempotent = true,
	                       .join = true },
	{ STOCK_REFUSED,       .keys = order_key, .decide = on_stock_refused,  .idempotent = true },
	{ RESERVATION_OVERDUE, .keys = order_key, .decide = on_reservation_overdue },
	{ ORDER_DEADLINE,      .keys = order_key, .decide = on_deadline            },
	{ 0 }
};
/* clang-format on */
