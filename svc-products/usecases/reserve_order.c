/* order.placed: all lines of the order are reserved, or none. */
#include "products/usecases/reservations.h"
#include "products/usecases/views.h"

#include <inttypes.h>

/* The code of each refusal. refusal_detail makes the text. */
static const char *const refusal_codes[] = {
	[DEMAND_UNKNOWN] = "product_unknown",
	[DEMAND_WITHDRAWN] = "product_withdrawn",
	[DEMAND_OTHER_CURRENCY] = "mixed_currency",
	[DEMAND_OUT_OF_STOCK] = "out_of_stock",
};

static struct demand *demands_of(struct unit *unit, const struct order_event *order)
{
	const struct order_line *lines = order->items.items;
	struct demand *demands = arena_new(unit_arena(unit), order->items.count, sizeof(*demands));

	for (size_t i = 0; i < order->items.count; i++)
		demands[i] = (struct demand){.product_id = lines[i].product_id,
					     .product = unit_get(unit, &product_kind, &lines[i].product_id),
					     .quantity = lines[i].quantity};
	return demands;
}

static const char *refusal_detail(struct unit *unit, const struct demand *demands, struct demand_decision decision)
{
	const struct demand *demand = &demands[decision.line];
	const struct product *product = demand->product;
	struct arena *arena = unit_arena(unit);
	char id[UUID_TEXT + 1];

	switch (decision.answer) {
	case DEMAND_WITHDRAWN:
		return arena_format(arena, "\"%s\" is no longer sold", product->name);
	case DEMAND_OTHER_CURRENCY:
		return arena_format(arena, "\"%s\" is sold in %s and \"%s\" in %s: an order has one currency",
				    product->name, product->currency, demands[0].product->name,
				    demands[0].product->currency);
	case DEMAND_OUT_OF_STOCK:
		return arena_format(arena, "%" PRId64 " of \"%s\" asked for, %" PRId64 " available", demand->quantity,
				    product->name, product_available(product));
	case DEMAND_UNKNOWN:
	case DEMAND_MET:
	default:
		uuid_text(&demand->product_id, id);
		return arena_format(arena, "there is no product %s", id);
	}
}

static struct reservation *reservation_new(struct unit *unit, const struct order_event *order)
{
	struct reservation *made = unit_new(unit, &reservation_kind, &order->order_id);

	made->order_id = order->order_id;
	made->expires_at = order->expires_at;
	made->updated_at = unit_now(unit);
	made->version = 1;
	return made;
}

/* The stock levels that the decision read. A replay needs them to order this refusal among the changes of a product. */
static struct list levels_seen(struct unit *unit, const struct order_event *order, const struct demand *demands)
{
	struct stock_level *levels = arena_new(unit_arena(unit), order->items.count, sizeof(*levels));
	size_t count = 0;

	for (size_t i = 0; i < order->items.count; i++) {
		if (demands[i].product != NULL)
			levels[count++] = stock_level_of(demands[i].product);
	}
	return (struct list){.items = levels, .count = count};
}

static enum status refuse(struct unit *unit, const struct order_event *order, const struct demand *demands,
			  struct demand_decision decision)
{
	struct reservation *refused = reservation_new(unit, order);
	struct stock_refused *event = arena_new(unit_arena(unit), 1, sizeof(*event));

	refused->state = RESERVATION_REFUSED;
	*event = (struct stock_refused){.order_id = order->order_id,
					.code = refusal_codes[decision.answer],
					.detail = refusal_detail(unit, demands, decision),
					.product_id = demands[decision.line].product_id,
					.stock = levels_seen(unit, order, demands)};
	unit_event(unit, STOCK_REFUSED, &order->order_id, refused->version, event);
	return OK;
}

static enum status reserve(struct unit *unit, const struct order_event *order)
{
	const struct order_line *wanted = order->items.items;
	size_t count = order->items.count;
	struct reserved_line *lines = arena_new(unit_arena(unit), count, sizeof(*lines));
	struct reservation *held;

	for (size_t i = 0; i < count; i++) {
		struct product *product = unit_edit(unit, &product_kind, &wanted[i].product_id);

		/* demand_check compared each line alone. So only a product in two lines can be short here, and orders
		 * never sends such an order. The refusal undoes the lines before. */
		if (product_available(product) < wanted[i].quantity)
			return unit_refuse(unit, E_INVALID, "invalid", "items", "a product is in two lines");
		product_reserve(product, wanted[i].quantity);
		lines[i] = (struct reserved_line){.product_id = product->id,
						  .name = product->name,
						  .quantity = wanted[i].quantity,
						  .unit_price_cents = product->price_cents};
	}
	held = reservation_new(unit, order);
	held->state = RESERVATION_HELD;
	held->lines = lines;
	held->line_count = count;
	held->currency = ((const struct product *)unit_get(unit, &product_kind, &wanted[0].product_id))->currency;
	held->total_cents = reservation_total(lines, count);
	unit_deadline(unit, RESERVATION_DEADLINE, &order->order_id, order->expires_at + RESERVATION_GRACE_US);
	reservation_publish(unit, STOCK_RESERVED, held);
	return OK;
}

enum status reserve_order(struct unit *unit, const struct message *message)
{
	const struct order_event *order = message->body;
	const struct demand *demands;
	struct demand_decision decision;

	if (order->expires_at == INT_ABSENT)
		return unit_refuse(unit, E_INVALID, "invalid", "expires_at", "an open order says when it expires");
	if (unit_now(unit) >= order->expires_at)
		return E_STALE;
	/* The order has its answer, or a tombstone because its end came first. */
	if (unit_get(unit, &reservation_kind, &order->order_id) != NULL)
		return E_STALE;
	demands = demands_of(unit, order);
	decision = demand_check(demands, order->items.count);
	if (decision.answer != DEMAND_MET)
		return refuse(unit, order, demands, decision);
	return reserve(unit, order);
}
