/* Decisions of svc-orders and svc-users without one of their guards. */
#include "orders/usecases/apply_event.h"
#include "orders/usecases/decisions.h"
#include "orders/usecases/views.h"
#include "proto/messages.h"
#include "tests/model/mutants.h"
#include "users/usecases/decisions.h"

/* Each message about an order begins with its id. */
static struct order *order_about(struct unit *unit, const struct message *message)
{
	return unit_edit(unit, &order_kind, message->body);
}

/* ---- clocks ---- */

enum status place_without_deadline(struct unit *unit, const struct message *message)
{
	const struct uuid id = unit_id(unit, 0);
	const enum status status = place_order(unit, message);

	unit_deadline_clear(unit, ORDER_DEADLINE, &id);
	return status;
}

enum status clear_deadline_too_early(struct unit *unit, const struct message *message)
{
	unit_deadline_clear(unit, ORDER_DEADLINE, message->body);
	return on_user_verified(unit, message);
}

/* ---- ends ---- */

enum status cancel_after_the_end(struct unit *unit, const struct message *message)
{
	struct order *order = order_about(unit, message);

	if (order == NULL || order->state != CONFIRMED)
		return cancel_order(unit, message);
	order->state = CANCELLED;
	order->version++;
	unit_event(unit, ORDER_CANCELLED, &order->id, order->version, order_event_of(order, unit_arena(unit)));
	return OK;
}

static bool has_ended(struct unit *unit, const struct message *message)
{
	const struct order *order = unit_get(unit, &order_kind, message->body);

	return order != NULL && saga_ended(order->state);
}

enum status ignore_goods_after_the_end(struct unit *unit, const struct message *message)
{
	return has_ended(unit, message) ? E_STALE : on_stock_reserved(unit, message);
}

/* Without the check of its history. */
enum status repeat_the_end_for_each_event(struct unit *unit, const struct message *message)
{
	const struct order *order = unit_get(unit, &order_kind, message->body);

	if (!has_ended(unit, message) || order->state == CONFIRMED)
		return on_stock_reserved(unit, message);
	unit_event(unit, order->state == REJECTED ? ORDER_REJECTED : ORDER_CANCELLED, &order->id, order->version,
		   order_event_of(order, unit_arena(unit)));
	return OK;
}

enum status ignore_overdue(struct unit *unit, const struct message *message)
{
	(void)unit;
	(void)message;
	return E_STALE;
}

enum status reject_without_event(struct unit *unit, const struct message *message)
{
	struct order *order = order_about(unit, message);

	if (order == NULL || saga_apply(order, USER_NO, unit_now(unit)) == NULL)
		return E_STALE;
	unit_deadline_clear(unit, ORDER_DEADLINE, &order->id);
	return OK;
}

/* ---- half an answer ---- */

/* After the real step, the other answer is assumed. */
static enum status take_for_granted(struct unit *unit, const struct message *message, enum status status,
				    enum saga_event granted)
{
	struct order *order = order_about(unit, message);

	if (status == OK && (order->state == USER_KNOWN || order->state == STOCK_HELD))
		return apply_event(unit, order, message, granted);
	return status;
}

enum status confirm_on_the_buyer_alone(struct unit *unit, const struct message *message)
{
	return take_for_granted(unit, message, on_user_verified(unit, message), STOCK_OK);
}

enum status confirm_on_the_goods_alone(struct unit *unit, const struct message *message)
{
	return take_for_granted(unit, message, on_stock_reserved(unit, message), USER_OK);
}

enum status verify_everybody(struct unit *unit, const struct message *message)
{
	const struct order_event *order = message->body;
	struct user_answer *answer = arena_new(unit_arena(unit), 1, sizeof(*answer));

	*answer = (struct user_answer){.order_id = order->order_id, .user_id = order->user_id};
	unit_event(unit, USER_VERIFIED, &order->order_id, 1, answer);
	return OK;
}
