/* How a transition of the saga becomes events: shared by the decisions. */
#ifndef ORDERS_USECASES_APPLY_EVENT_H
#define ORDERS_USECASES_APPLY_EVENT_H

#include "comanda/unit.h"
#include "orders/domain/order.h"

/* Applies `event`, which `message` reports, to the order: the transition, the history, the published event, and the end
 * of the deadline. E_STALE: the saga has no rule for it. */
enum status apply_event(struct unit *unit, struct order *order, const struct message *message, enum saga_event event);

/* Publishes the order as it is now as an event of `type` (ORDER_...), and adds the event to the order's history. */
void publish_order(struct unit *unit, struct order *order, int type);

#endif
