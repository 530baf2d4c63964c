/* What an open order waits for: at which place, and which command helps. Read from the log, the inboxes, the dead
 * letters and the depths of the queues. */
#ifndef CTL_ORDER_WAITING_H
#define CTL_ORDER_WAITING_H

#include "core/uuid.h"
#include "ctl/order/order_state.h"

struct order_wait {
	/* in */
	struct uuid order;
	enum order_state state;
	int64_t created_us;
	/* out */
	char service[40];  /* which must act: "products", "users and products", "orders" */
	char place[120];   /* "order.placed waits in products.events, which has no consumer"; "": not known */
	char command[120]; /* that helps; "": none is needed */
};

/* Fills the places of all orders. A source that cannot be read leaves gaps, after an error message. */
void order_waits_find(struct order_wait *waits, size_t count);

#endif
