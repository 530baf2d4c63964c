/* What svc-orders decides: one function a message, named by the table in handlers.c. All pure (unit.h). */
#ifndef ORDERS_USECASES_DECISIONS_H
#define ORDERS_USECASES_DECISIONS_H

#include "comanda/unit.h"

extern const struct aggregate order_kind; /* struct order */

/* The name in derived ids, and the broker's user. */
#define ORDERS_CONSUMER "svc-orders"

/* The order that a message is about. (One that is about to be placed is not there yet: placing names no keys.) */
void order_key(struct keys *keys, const struct message *message);

/* What orders are placed on: the `prepared` part of ORDERS_PLACE. */
struct place_terms {
	int64_t deadline_us; /* how long an order waits for users and products */
};

/* commands */
enum status place_order(struct unit *unit, const struct message *message);
enum status cancel_order(struct unit *unit, const struct message *message);

/* events that move the saga */
enum status on_user_verified(struct unit *unit, const struct message *message);
enum status on_user_refused(struct unit *unit, const struct message *message);
enum status on_stock_reserved(struct unit *unit, const struct message *message);
enum status on_stock_refused(struct unit *unit, const struct message *message);
enum status on_reservation_overdue(struct unit *unit, const struct message *message);
enum status on_deadline(struct unit *unit, const struct message *message);

#endif
