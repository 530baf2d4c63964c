/* An order's history: its events, with what they said, without having kept them. */
#ifndef ORDERS_USECASES_HISTORY_H
#define ORDERS_USECASES_HISTORY_H

#include "orders/domain/order.h"
#include "proto/messages.h"

struct publish_span {
	const struct message_type *type;
	const struct schema *schema; /* of `data` */
	const void *data;
};

/* The event that this step of the order's history was, its data rebuilt in `arena`. False where this build does not
 * know such an event: a newer one wrote it. */
bool order_retell(const struct order *order, const struct order_step *step, struct arena *arena,
		  struct publish_span *ret_told);

#endif
