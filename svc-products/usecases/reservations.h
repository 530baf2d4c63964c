/* The decisions about the stock of orders. All are pure. Each order has one reservation, whichever event comes first.
 */
#ifndef PRODUCTS_USECASES_RESERVATIONS_H
#define PRODUCTS_USECASES_RESERVATIONS_H

#include "products/usecases/aggregates.h"

/* How long after its order's deadline a reservation may still be held, before products asks for the order's state. */
#define RESERVATION_GRACE_US (60 * SECOND_US)

/* order.placed → stock.reserved or stock.refused. Stale if the order has expired or has a reservation. */
decide_function reserve_order;
/* order.confirmed → stock.sold. */
decide_function sell_order;
/* order.rejected, order.expired, order.cancelled → stock.released; a tombstone if there is no reservation. */
decide_function release_order;
/* reservation.deadline → reservation.overdue, if the reservation is still held. */
decide_function check_overdue;

/* Publishes the reservation as it is now as an event of `type` (STOCK_...), with the stock levels of its products. */
void reservation_publish(struct unit *unit, int type, const struct reservation *reservation);

#endif
