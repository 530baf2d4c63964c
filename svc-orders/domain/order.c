/* The rules of one order. saga.c changes its state. */
#include "orders/domain/order.h"

#include "proto/roles.h"

#include <assert.h>

size_t order_repeated_item(const struct order_item *items, size_t count)
{
	/* At most 100 items: comparing all pairs costs less than sorting a copy. */
	for (size_t i = 1; i < count; i++)
		for (size_t earlier = 0; earlier < i; earlier++)
			if (uuid_equal(&items[i].product_id, &items[earlier].product_id))
				return i;
	return count;
}

static const struct order_item *item_of(const struct order_prices *prices, const struct uuid *product_id)
{
	for (size_t i = 0; i < prices->item_count; i++)
		if (uuid_equal(&prices->items[i].product_id, product_id))
			return &prices->items[i];
	return NULL;
}

bool order_price(struct order *order, const struct order_prices *prices, struct arena *arena)
{
	if (saga_ended(order->state))
		return true;

	struct order_item *items = arena_new(arena, order->item_count, sizeof(*items));
	for (size_t i = 0; i < order->item_count; i++) {
		const struct order_item *priced = item_of(prices, &order->items[i].product_id);

		if (priced == NULL)
			return false;
		items[i] = *priced;
		items[i].quantity = order->items[i].quantity;
	}
	order->items = items;
	order->total_cents = prices->total_cents;
	order->currency = prices->currency;
	return true;
}

void order_explain(struct order *order, const struct end_reason *reason)
{
	if (!saga_ended(order->state))
		order->reason = *reason;
}

struct end_reason order_deadline_reason(const struct order *order)
{
	static const char *const details[ORDER_STATES] = {
		[PENDING] = "Neither users nor products had answered when the order's deadline passed.",
		[USER_KNOWN] = "Products had not answered when the order's deadline passed.",
		[STOCK_HELD] = "Users had not answered when the order's deadline passed.",
	};

	return (struct end_reason){.code = "deadline", .detail = details[order->state]};
}

void order_add_history(struct order *order, const struct history_entry *entry)
{
	assert(order->history_count < HISTORY_MAX);
	order->history[order->history_count++] = *entry;
}

bool order_history_has(const struct order *order, const struct uuid *event_id)
{
	for (size_t i = 0; i < order->history_count; i++)
		if (uuid_equal(&order->history[i].event_id, event_id))
			return true;
	return false;
}

struct order order_as_placed(const struct order *order)
{
	struct order placed = *order;

	placed.state = PENDING;
	placed.version = 1;
	placed.updated_us = order->created_us;
	placed.reason = (struct end_reason){0};
	return placed;
}

bool order_visible_to(const struct order *order, const struct caller *caller)
{
	return caller->role == CALLER_ADMIN ||
	       (caller->role != CALLER_NOBODY && uuid_equal(&order->user_id, &caller->user_id));
}
