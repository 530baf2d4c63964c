/* The order between the contract's structs (messages.h) and the domain's (order.h). */
#ifndef ORDERS_USECASES_VIEWS_H
#define ORDERS_USECASES_VIEWS_H

#include "orders/domain/order.h"
#include "proto/messages.h"

/* Everything returned lives in the arena, or is borrowed from the order. */

/* How the states of the saga look from outside: all that are not an end are "pending". */
enum order_status order_status_of(const struct order *order);
/* Its items, as a list of struct order_line. */
struct list order_lines_of(const struct order *order, bool with_prices, struct arena *arena);
/* As REST shows it. Names and prices are null while it is pending. */
const struct order_view *order_view_of(const struct order *order, struct arena *arena);
/* As every order.* event carries it. */
const struct order_event *order_event_of(const struct order *order, struct arena *arena);

/* From a list of struct order_line: what is wanted, without prices. */
const struct order_item *items_wanted(const struct list *lines, struct arena *arena);
/* What products said about names and prices. */
struct order_prices prices_of(const struct stock_event *held, struct arena *arena);

#endif
