/* Converts orders between contract structs (messages.h) and domain structs (order.h). */
#ifndef ORDERS_USECASES_VIEWS_H
#define ORDERS_USECASES_VIEWS_H

#include "orders/domain/order.h"
#include "proto/messages.h"

/* Everything returned lives in the arena, or is borrowed from the order. */

/* The status that REST and events show: every state that is not final is "pending". */
enum order_status order_status_of(const struct order *order);
/* The order's items, as a list of struct order_line. */
struct list order_lines_of(const struct order *order, bool with_prices, struct arena *arena);
/* The order as REST shows it. Names and prices are null while it is pending. */
const struct order_view *order_view_of(const struct order *order, struct arena *arena);
/* The order as the data of every order.* event. */
const struct order_event *order_event_of(const struct order *order, struct arena *arena);

/* From a list of struct order_line: product and quantity, without names and prices. */
const struct order_item *items_wanted(const struct list *lines, struct arena *arena);
/* The names and prices of a stock.reserved event. */
struct order_prices prices_of(const struct stock_event *reserved, struct arena *arena);

#endif
