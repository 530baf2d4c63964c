/* How the saga's steps become events: shared by the decisions. */
#ifndef ORDERS_USECASES_APPLY_EVENT_H
#define ORDERS_USECASES_APPLY_EVENT_H

#include "comanda/unit.h"
#include "orders/domain/order.h"

/* Tells the order what `message` means, and tells the world what follows: the step, the history, the event, the end of
 * the deadline. E_STALE: the saga has no rule for it. */
enum status advance(struct unit *unit, struct order *order, const struct message *message, enum saga_event told);

/* Publishes the order as it is now as an event of `type` (ORDER_...), and writes it into the order's history. */
void announce(struct unit *unit, struct order *order, int type);

#endif
