/* What the decisions about reservations share: the event. */
#ifndef PRODUCTS_USECASES_RESERVATIONS_H
#define PRODUCTS_USECASES_RESERVATIONS_H

#include "products/usecases/decisions.h"

/* Publishes the reservation as it is now as an event of `type` (STOCK_...), with the stock levels of its products. */
void reservation_publish(struct unit *unit, int type, const struct reservation *reservation);

#endif
