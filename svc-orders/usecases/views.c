/* Converts orders between contract structs and domain structs. */
#include "orders/usecases/views.h"

enum order_status order_status_of(const struct order *order)
{
	static const enum order_status statuses[ORDER_STATES] = {
		[PENDING] = ORDER_STATUS_PENDING,     [USER_KNOWN] = ORDER_STATUS_PENDING,
		[STOCK_HELD] = ORDER_STATUS_PENDING,  [CONFIRMED] = ORDER_STATUS_CONFIRMED,
		[REJECTED] = ORDER_STATUS_REJECTED,   [EXPIRED] = ORDER_STATUS_EXPIRED,
		[CANCELLED] = ORDER_STATUS_CANCELLED,
	};

	return statuses[order->state];
}

/* ---- in ---- */

const struct order_item *items_wanted(const struct list *lines, struct arena *arena)
{
	const struct order_line *line = lines->items;
	struct order_item *items = arena_new(arena, lines->count, sizeof(*items));

	for (size_t i = 0; i < lines->count; i++)
		items[i] = (struct order_item){
			.product_id = line[i].product_id, .quantity = line[i].quantity, .unit_price_cents = INT_ABSENT};
	return items;
}

struct order_prices prices_of(const struct stock_event *reserved, struct arena *arena)
{
	const struct order_line *line = reserved->items.items;
	struct order_item *items = arena_new(arena, reserved->items.count, sizeof(*items));

	for (size_t i = 0; i < reserved->items.count; i++)
		items[i] = (struct order_item){
			.product_id = line[i].product_id,
			.quantity = line[i].quantity,
			.name = line[i].name,
			.unit_price_cents = line[i].unit_price_cents,
		};
	return (struct order_prices){
		.items = items,
		.item_count = reserved->items.count,
		.total_cents = reserved->total_cents,
		.currency = reserved->currency,
	};
}

/* ---- out ---- */

struct list order_lines_of(const struct order *order, bool with_prices, struct arena *arena)
{
	struct order_line *lines = arena_new(arena, order->item_count, sizeof(*lines));

	for (size_t i = 0; i < order->item_count; i++) {
		const struct order_item *item = &order->items[i];

		lines[i].product_id = item->product_id;
		lines[i].quantity = item->quantity;
		lines[i].name = with_prices ? item->name : NULL;
		lines[i].unit_price_cents = with_prices ? item->unit_price_cents : INT_ABSENT;
	}
	return (struct list){.items = lines, .count = order->item_count};
}

static struct order_reason *reason_of(const struct order *order, struct arena *arena)
{
	struct order_reason *reason = NULL;

	if (order->reason.code != NULL) {
		reason = arena_new(arena, 1, sizeof(*reason));
		*reason = (struct order_reason){
			.code = order->reason.code,
			.detail = order->reason.detail,
			.product_id = order->reason.product_id,
		};
	}
	return reason;
}

const struct order_view *order_view_of(const struct order *order, struct arena *arena)
{
	struct order_view *view = arena_new(arena, 1, sizeof(*view));
	bool ended = saga_ended(order->state);

	*view = (struct order_view){
		.id = order->id,
		.user_id = order->user_id,
		.status = (int)order_status_of(order),
		.reason = reason_of(order, arena),
		.items = order_lines_of(order, ended, arena),
		.total_cents = ended ? order->total_cents : INT_ABSENT,
		.currency = ended ? order->currency : NULL,
		.note = order->note,
		.created_at = order->created_us,
		.updated_at = order->updated_us,
		.version = order->version,
	};
	return view;
}

const struct order_event *order_event_of(const struct order *order, struct arena *arena)
{
	struct order_event *event = arena_new(arena, 1, sizeof(*event));
	bool ended = saga_ended(order->state);

	*event = (struct order_event){
		.order_id = order->id,
		.user_id = order->user_id,
		.status = (int)order_status_of(order),
		.reason = reason_of(order, arena),
		.items = order_lines_of(order, ended, arena),
		.total_cents = ended ? order->total_cents : INT_ABSENT,
		.currency = ended ? order->currency : NULL,
		.note = order->note,
		.created_at = order->created_us,
		.expires_at = ended ? INT_ABSENT : order->expires_us,
	};
	return event;
}
