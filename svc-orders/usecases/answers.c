/* The answers of svc-users and svc-products about an order, and its deadline. */
#include "orders/usecases/apply_event.h"
#include "orders/usecases/decisions.h"
#include "orders/usecases/views.h"
#include "proto/messages.h"

const struct aggregate order_kind = {.name = "order", .size = sizeof(struct order)};

/* Each of these messages begins with the id of its order. */
#define BEGINS_WITH(type_, member) _Static_assert(offsetof(struct type_, member) == 0, "the order's id comes first")
BEGINS_WITH(by_id, id);
BEGINS_WITH(user_answer, order_id);
BEGINS_WITH(stock_event, order_id);
BEGINS_WITH(stock_refused, order_id);
BEGINS_WITH(order_timer, order_id);

void order_key(struct keys *keys, const struct message *message)
{
	keys_add(keys, &order_kind, message->body);
}

/* ---- users ---- */

enum status on_user_verified(struct unit *unit, const struct message *message)
{
	const struct user_answer *answer = message->body;
	struct order *order = unit_edit(unit, &order_kind, &answer->order_id);

	if (order == NULL)
		return E_NOT_FOUND;
	return apply_event(unit, order, message, USER_OK);
}

enum status on_user_refused(struct unit *unit, const struct message *message)
{
	const struct user_answer *answer = message->body;
	struct order *order = unit_edit(unit, &order_kind, &answer->order_id);

	if (order == NULL)
		return E_NOT_FOUND;
	order_explain(order, &(struct end_reason){.code = answer->code, .detail = answer->detail});
	return apply_event(unit, order, message, USER_NO);
}

/* ---- products ---- */

enum status on_stock_reserved(struct unit *unit, const struct message *message)
{
	const struct stock_event *reserved = message->body;
	struct order *order = unit_edit(unit, &order_kind, &reserved->order_id);

	if (order == NULL)
		return E_NOT_FOUND;
	struct order_prices prices = prices_of(reserved, unit_arena(unit));
	if (!order_price(order, &prices, unit_arena(unit)))
		return unit_refuse(unit, E_INVALID, "line_without_price", "items", "an item of the order has no price");
	return apply_event(unit, order, message, STOCK_OK);
}

enum status on_stock_refused(struct unit *unit, const struct message *message)
{
	const struct stock_refused *refused = message->body;
	struct order *order = unit_edit(unit, &order_kind, &refused->order_id);

	if (order == NULL)
		return E_NOT_FOUND;
	order_explain(order, &(struct end_reason){.code = refused->code,
						  .detail = refused->detail,
						  .product_id = refused->product_id});
	return apply_event(unit, order, message, STOCK_NO);
}

enum status on_reservation_overdue(struct unit *unit, const struct message *message)
{
	const struct order_timer *overdue = message->body;
	struct order *order = unit_edit(unit, &order_kind, &overdue->order_id);

	if (order == NULL)
		return E_NOT_FOUND;
	return apply_event(unit, order, message, OVERDUE);
}

/* ---- the deadline ---- */

enum status on_deadline(struct unit *unit, const struct message *message)
{
	const struct order_timer *due = message->body;
	struct order *order = unit_edit(unit, &order_kind, &due->order_id);

	if (order == NULL)
		return E_NOT_FOUND;
	struct end_reason reason = order_deadline_reason(order);
	order_explain(order, &reason);
	return apply_event(unit, order, message, DEADLINE);
}
