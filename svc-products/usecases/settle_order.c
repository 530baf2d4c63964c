/* An order has ended: what was held for it is sold or let go. */
#include "products/usecases/reservations.h"

static struct list lines_told(struct unit *unit, const struct reservation *reservation)
{
	struct order_line *lines = arena_new(unit_arena(unit), reservation->line_count, sizeof(*lines));

	for (size_t i = 0; i < reservation->line_count; i++) {
		const struct reserved_line *line = &reservation->lines[i];

		lines[i] = (struct order_line){.product_id = line->product_id,
					       .name = line->name,
					       .quantity = line->quantity,
					       .unit_price_cents = line->unit_price_cents};
	}
	return (struct list){.items = lines, .count = reservation->line_count};
}

static struct list levels_told(struct unit *unit, const struct reservation *reservation)
{
	struct stock_level *levels = arena_new(unit_arena(unit), reservation->line_count, sizeof(*levels));

	for (size_t i = 0; i < reservation->line_count; i++) {
		const struct product *product = unit_get(unit, &product_kind, &reservation->lines[i].product_id);

		levels[i] = stock_level_of(product);
	}
	return (struct list){.items = levels, .count = reservation->line_count};
}

void reservation_publish(struct unit *unit, int event, const struct reservation *reservation)
{
	struct stock_event *told = arena_new(unit_arena(unit), 1, sizeof(*told));

	*told = (struct stock_event){
		.order_id = reservation->order_id,
		.items = lines_told(unit, reservation),
		.total_cents = reservation->total_cents,
		.currency = reservation->currency,
		.expires_at = reservation->state == RESERVATION_HELD ? reservation->expires_at : INT_ABSENT,
		.stock = levels_told(unit, reservation),
	};
	unit_event(unit, event, &reservation->order_id, reservation->version, told);
}

/* The event's lines say which products were locked: they must be those that were reserved, and be there. */
static bool products_loaded(struct unit *unit, const struct order_event *order, const struct reservation *reservation)
{
	const struct order_line *lines = order->items.items;

	if (order->items.count != reservation->line_count)
		return false;
	for (size_t i = 0; i < reservation->line_count; i++) {
		if (!uuid_equal(&lines[i].product_id, &reservation->lines[i].product_id) ||
		    unit_get(unit, &product_kind, &lines[i].product_id) == NULL)
			return false;
	}
	return true;
}

/* A product that has less reserved than this order holds of it was loaded as it was before another replica reserved:
 * then the turn finds out, and is run again. If not, somebody has spoilt the row. */
static enum status move_stock(struct unit *unit, const struct reservation *reservation,
			      void (*move)(struct product *product, int64_t quantity))
{
	for (size_t i = 0; i < reservation->line_count; i++) {
		const struct reserved_line *line = &reservation->lines[i];
		struct product *product = unit_edit(unit, &product_kind, &line->product_id);

		if (product->reserved < line->quantity)
			return unit_refuse(unit, E_CONFLICT, "stock_not_reserved", NULL,
					   "less of \"%s\" is reserved than this order holds", product->name);
		move(product, line->quantity);
	}
	return OK;
}

static enum status settle(struct unit *unit, const struct order_event *order, enum reservation_state end)
{
	struct reservation *reservation = unit_edit(unit, &reservation_kind, &order->order_id);

	if (!products_loaded(unit, order, reservation))
		return unit_refuse(unit, E_INVALID, "invalid", "items", "not the lines that were reserved");
	const enum status status =
		move_stock(unit, reservation, end == RESERVATION_SOLD ? product_sell : product_release);
	if (status != OK)
		return status;
	reservation->state = end;
	reservation->updated_at = unit_now(unit);
	reservation->version++;
	unit_deadline_clear(unit, RESERVATION_DEADLINE, &order->order_id);
	reservation_publish(unit, end == RESERVATION_SOLD ? STOCK_SOLD : STOCK_RELEASED, reservation);
	return OK;
}

enum status sell_order(struct unit *unit, const struct message *message)
{
	const struct order_event *order = message->body;
	const struct reservation *seen = unit_get(unit, &reservation_kind, &order->order_id);

	/* An order is confirmed only after stock.reserved, and a reservation leaves HELD only when its order ends,
	 * which it does once. So these two cannot happen; if one does, goods were promised twice, and a person should
	 * see the event among the dead letters. */
	if (seen == NULL)
		return unit_refuse(unit, E_NOT_FOUND, "never_reserved", NULL, "nothing was reserved for this order");
	if (seen->state == RESERVATION_RELEASED || seen->state == RESERVATION_REFUSED)
		return unit_refuse(unit, E_CONFLICT, "not_held", NULL, "confirmed, but its reservation is %s",
				   reservation_state_names[seen->state]);
	if (seen->state == RESERVATION_SOLD)
		return E_STALE;
	return settle(unit, order, RESERVATION_SOLD);
}

/* The order ended before it was asked for here, as when users refuses it first. The order.placed that is still to come
 * finds the tombstone. Nothing moved in the stock, so there is nothing to tell; and so its time is that of the order's
 * end: whoever has only the events can make the same row. */
static enum status leave_tombstone(struct unit *unit, const struct order_event *order, int64_t ended_us)
{
	struct reservation *tombstone = unit_new(unit, &reservation_kind, &order->order_id);

	tombstone->order_id = order->order_id;
	tombstone->state = RESERVATION_RELEASED;
	tombstone->expires_at = order->expires_at;
	tombstone->updated_at = ended_us;
	tombstone->version = 1;
	return OK;
}

enum status release_order(struct unit *unit, const struct message *message)
{
	const struct order_event *order = message->body;
	const struct reservation *seen = unit_get(unit, &reservation_kind, &order->order_id);

	if (seen == NULL)
		return leave_tombstone(unit, order, message->time_us);
	if (seen->state == RESERVATION_SOLD) /* cannot happen either: see sell_order */
		return unit_refuse(unit, E_CONFLICT, "not_held", NULL, "ended otherwise, but its reservation is sold");
	if (seen->state != RESERVATION_HELD)
		return E_STALE;
	return settle(unit, order, RESERVATION_RELEASED);
}

enum status check_overdue(struct unit *unit, const struct message *message)
{
	const struct order_timer *note = message->body;
	const struct reservation *seen = unit_get(unit, &reservation_kind, &note->order_id);
	struct order_timer *asked;

	if (seen == NULL || seen->state != RESERVATION_HELD) {
		unit_deadline_clear(unit, RESERVATION_DEADLINE, &note->order_id);
		return OK;
	}
	asked = arena_new(unit_arena(unit), 1, sizeof(*asked));
	asked->order_id = note->order_id;
	unit_event(unit, RESERVATION_OVERDUE, &note->order_id, seen->version, asked);
	return OK;
}
