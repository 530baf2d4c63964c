/* An order has ended: its reserved stock is sold or released. */
#include "products/usecases/reservations.h"
#include "products/usecases/views.h"

static struct list lines_of(struct unit *unit, const struct reservation *reservation)
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

static struct list levels_of(struct unit *unit, const struct reservation *reservation)
{
	struct stock_level *levels = arena_new(unit_arena(unit), reservation->line_count, sizeof(*levels));

	for (size_t i = 0; i < reservation->line_count; i++) {
		const struct product *product = unit_get(unit, &product_kind, &reservation->lines[i].product_id);

		levels[i] = stock_level_of(product);
	}
	return (struct list){.items = levels, .count = reservation->line_count};
}

void reservation_publish(struct unit *unit, int type, const struct reservation *reservation)
{
	struct stock_event *event = arena_new(unit_arena(unit), 1, sizeof(*event));

	*event = (struct stock_event){
		.order_id = reservation->order_id,
		.items = lines_of(unit, reservation),
		.total_cents = reservation->total_cents,
		.currency = reservation->currency,
		.expires_at = reservation->state == RESERVATION_HELD ? reservation->expires_at : INT_ABSENT,
		.stock = levels_of(unit, reservation),
	};
	unit_event(unit, type, &reservation->order_id, reservation->version, event);
}

/* The lines of the event name the products that were loaded. They must be the reserved products, and exist. */
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

/* A product may have less reserved than this order if it was loaded without a lock, before another replica reserved
 * more. Then the save of the batch fails, and the batch runs again. Otherwise the row was changed by hand. */
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

	/* An order is confirmed only after stock.reserved, and a reservation stays held until its order's only end. So
	 * the next two refusals cannot happen. If one does, stock was promised twice, and the event becomes a dead
	 * letter for an operator. */
	if (seen == NULL)
		return unit_refuse(unit, E_NOT_FOUND, "never_reserved", NULL, "nothing was reserved for this order");
	if (seen->state == RESERVATION_RELEASED || seen->state == RESERVATION_REFUSED)
		return unit_refuse(unit, E_CONFLICT, "not_held", NULL, "confirmed, but its reservation is %s",
				   reservation_state_names[seen->state]);
	if (seen->state == RESERVATION_SOLD)
		return E_STALE;
	return settle(unit, order, RESERVATION_SOLD);
}

/* The order ended before its order.placed came here, for example because users refused it. The later order.placed finds
 * the tombstone. The stock does not change, so no event is published. The tombstone takes the time of the order's end,
 * so that a replay, which has only the events, makes the same row. */
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
	if (seen->state == RESERVATION_SOLD) /* cannot happen: see sell_order */
		return unit_refuse(unit, E_CONFLICT, "not_held", NULL, "not confirmed, but its reservation is sold");
	if (seen->state != RESERVATION_HELD)
		return E_STALE;
	return settle(unit, order, RESERVATION_RELEASED);
}

enum status check_overdue(struct unit *unit, const struct message *message)
{
	const struct order_timer *timer = message->body;
	const struct reservation *seen = unit_get(unit, &reservation_kind, &timer->order_id);
	struct order_timer *question;

	if (seen == NULL || seen->state != RESERVATION_HELD) {
		unit_deadline_clear(unit, RESERVATION_DEADLINE, &timer->order_id);
		return OK;
	}
	question = arena_new(unit_arena(unit), 1, sizeof(*question));
	question->order_id = timer->order_id;
	unit_event(unit, RESERVATION_OVERDUE, &timer->order_id, seen->version, question);
	return OK;
}
