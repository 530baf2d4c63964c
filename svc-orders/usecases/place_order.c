/* orders.place: a customer places an order. */
#include "orders/usecases/apply_event.h"
#include "orders/usecases/decisions.h"
#include "orders/usecases/views.h"
#include "proto/messages.h"

static enum status refuse_repeated(struct unit *unit, size_t index)
{
	const char *field = arena_format(unit_arena(unit), "items[%zu].product_id", index);

	return unit_refuse(unit, E_INVALID, "product_repeated", field,
			   "is in an earlier item already: order the whole quantity there");
}

enum status place_order(struct unit *unit, const struct message *message)
{
	const struct orders_place *wanted = message->body;
	const struct place_settings *settings = message->prepared;
	const struct order_item *items = items_wanted(&wanted->items, unit_arena(unit));
	size_t repeated = order_repeated_item(items, wanted->items.count);
	struct uuid id = unit_id(unit, 0);
	int64_t now = unit_now(unit);

	if (message->caller.role == CALLER_NOBODY)
		return unit_refuse(unit, E_UNAUTHENTICATED, "unauthenticated", NULL, "Sign in to place an order.");
	if (repeated < wanted->items.count)
		return refuse_repeated(unit, repeated);

	struct order *order = unit_new(unit, &order_kind, &id);
	*order = (struct order){
		.id = id,
		.user_id = message->caller.user_id,
		.state = PENDING,
		.version = 1,
		.created_us = now,
		.updated_us = now,
		.expires_us = now + settings->deadline_us,
		.note = wanted->note,
		.items = items,
		.item_count = wanted->items.count,
		.total_cents = INT_ABSENT,
	};
	publish_order(unit, order, ORDER_PLACED);
	unit_deadline(unit, ORDER_DEADLINE, &id, order->expires_us);
	unit_reply(unit, order_view_of(order, unit_arena(unit)));
	return OK;
}
