/* Decisions of svc-products without one of their guards. */
#include "products/usecases/decisions.h"
#include "tests/model/mutants.h"

static const struct reservation *reservation_of(struct unit *unit, const struct message *message)
{
	return unit_get(unit, &reservation_kind, &((const struct order_event *)message->body)->order_id);
}

/* The first line's product: the scenarios' orders have one line. */
static struct product *product_of(struct unit *unit, const struct message *message)
{
	const struct order_line *line = ((const struct order_event *)message->body)->items.items;

	return unit_edit(unit, &product_kind, &line->product_id);
}

enum status leave_no_tombstone(struct unit *unit, const struct message *message)
{
	return reservation_of(unit, message) == NULL ? E_STALE : release_order(unit, message);
}

enum status release_again(struct unit *unit, const struct message *message)
{
	const struct reservation *seen = reservation_of(unit, message);

	if (seen == NULL || seen->state != RESERVATION_RELEASED || seen->line_count == 0)
		return release_order(unit, message);
	product_of(unit, message)->reserved -= seen->lines[0].quantity;
	return OK;
}

enum status release_what_was_never_held(struct unit *unit, const struct message *message)
{
	const struct order_line *line = ((const struct order_event *)message->body)->items.items;

	if (reservation_of(unit, message) == NULL)
		product_of(unit, message)->reserved -= line->quantity;
	return release_order(unit, message);
}

/* The reservation exists, and its duplicate reserves the same amount again. */
enum status reserve_again(struct unit *unit, const struct message *message)
{
	const struct order_line *line = ((const struct order_event *)message->body)->items.items;
	const struct reservation *seen = reservation_of(unit, message);

	if (seen == NULL || seen->state != RESERVATION_HELD)
		return reserve_order(unit, message);
	product_of(unit, message)->reserved += line->quantity;
	return OK;
}

enum status reserve_what_is_not_there(struct unit *unit, const struct message *message)
{
	struct product *product = product_of(unit, message);

	product->on_hand += 1;
	const enum status status = reserve_order(unit, message);
	product->on_hand -= 1;
	return status;
}

enum status reserve_without_deadline(struct unit *unit, const struct message *message)
{
	const struct order_event *order = message->body;
	const enum status status = reserve_order(unit, message);

	unit_deadline_clear(unit, RESERVATION_DEADLINE, &order->order_id);
	return status;
}

enum status reserve_after_the_order_expired(struct unit *unit, const struct message *message)
{
	struct order_event order = *(const struct order_event *)message->body;
	struct message late = *message;

	order.expires_at = unit_now(unit) + MINUTE_US;
	late.body = &order;
	return reserve_order(unit, &late);
}

enum status sell_again(struct unit *unit, const struct message *message)
{
	const struct reservation *seen = reservation_of(unit, message);

	if (seen == NULL || seen->state != RESERVATION_SOLD)
		return sell_order(unit, message);
	product_of(unit, message)->on_hand -= seen->lines[0].quantity;
	return OK;
}

enum status ask_nothing_when_overdue(struct unit *unit, const struct message *message)
{
	(void)unit;
	(void)message;
	return E_STALE;
}
