/* What svc-orders decides: one function per message, named by the tables in handlers.c. All decisions are pure
 * (comanda/unit.h). */
#ifndef ORDERS_USECASES_DECISIONS_H
#define ORDERS_USECASES_DECISIONS_H

#include "comanda/unit.h"

extern const struct aggregate order_kind; /* struct order */

/* The name in derived ids, and the broker's user. */
#define ORDERS_SERVICE "svc-orders"

/* The order that a message is about. orders.place has no keys, because its order does not exist yet. */
void order_key(struct keys *keys, const struct message *message);

/* What a decision takes from the settings: the `prepared` part of ORDERS_PLACE. */
struct place_settings {
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
