/* An order's history: its events with their data, rebuilt from the order. The events themselves are not stored. */
#ifndef ORDERS_USECASES_HISTORY_H
#define ORDERS_USECASES_HISTORY_H

#include "orders/domain/order.h"
#include "proto/messages.h"

struct history_event {
	const struct message_type *type;
	const struct schema *schema; /* of `data` */
	const void *data;
};

/* The event of this entry of the history. Its data lives in `arena`. False: this build does not know the event's type,
 * because a newer build wrote it. */
bool order_history_event(const struct order *order, const struct history_entry *entry, struct arena *arena,
			 struct history_event *ret_event);

#endif
