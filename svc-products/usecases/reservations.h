/* What orders do to the stock. Pure decisions; each order has one reservation row, whatever comes first. */
#ifndef PRODUCTS_USECASES_RESERVATIONS_H
#define PRODUCTS_USECASES_RESERVATIONS_H

#include "products/usecases/aggregates.h"

/* How long after its end an order's reservation may still be there before orders is asked what became of it. */
#define RESERVATION_GRACE_US (60 * SECOND_US)

/* order.placed → stock.reserved or stock.refused. Stale once the order has expired, or has an answer already. */
decide_function reserve_order;
/* order.confirmed → stock.sold. */
decide_function sell_order;
/* order.rejected, order.expired, order.cancelled → stock.released; a tombstone where nothing was ever asked for. */
decide_function release_order;
/* reservation.deadline → reservation.overdue, where the reservation is still held. */
decide_function check_overdue;

/* The stock event of a reservation that is `now` as it shall be told: stock levels are read from the unit. */
void reservation_publish(struct unit *unit, int event, const struct reservation *reservation);

#endif
