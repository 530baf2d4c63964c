/* orders.cancel: the owner or an admin cancels an order. */
#include "orders/usecases/apply_event.h"
#include "orders/usecases/decisions.h"
#include "orders/usecases/views.h"
#include "proto/messages.h"

/* The codes of the refusal, by the state of an order that can no longer be cancelled. */
static const char *const ended_codes[ORDER_STATES] = {
	[CONFIRMED] = "order_confirmed",
	[REJECTED] = "order_rejected",
	[EXPIRED] = "order_expired",
};

enum status cancel_order(struct unit *unit, const struct message *message)
{
	const struct by_id *wanted = message->body;
	const struct order *found = unit_get(unit, &order_kind, &wanted->id);

	if (message->caller.role == CALLER_NOBODY)
		return unit_refuse(unit, E_UNAUTHENTICATED, "unauthenticated", NULL, "Sign in to cancel an order.");
	if (found == NULL || !order_visible_to(found, &message->caller))
		return unit_refuse(unit, E_NOT_FOUND, "order_not_found", NULL, "There is no such order.");
	if (found->state == CANCELLED) {
		unit_reply(unit, order_view_of(found, unit_arena(unit)));
		return OK;
	}
	if (saga_ended(found->state))
		return unit_refuse(unit, E_CONFLICT, ended_codes[found->state], NULL,
				   "The order is %s; only a pending order can be cancelled.",
				   order_status_names[order_status_of(found)]);

	struct order *order = unit_edit(unit, &order_kind, &wanted->id);
	enum status status = apply_event(unit, order, message, CANCEL);
	unit_reply(unit, order_view_of(order, unit_arena(unit)));
	return status;
}
