/* The kinds of aggregate, and the keys of each message. */
#include "products/usecases/decisions.h"

const struct aggregate product_kind = {.name = "product", .size = sizeof(struct product)};
const struct aggregate sku_claim_kind = {.name = "sku_claim", .size = sizeof(struct sku_claim)};
const struct aggregate reservation_kind = {.name = "reservation", .size = sizeof(struct reservation)};

static void claim_key(struct keys *keys, const char *sku)
{
	struct uuid id = sku_claim_id(sku);

	keys_add(keys, &sku_claim_kind, &id);
}

void create_keys(struct keys *keys, const struct message *message)
{
	const struct products_create *wanted = message->body;

	claim_key(keys, wanted->sku);
}

void change_keys(struct keys *keys, const struct message *message)
{
	const struct products_change *wanted = message->body;

	keys_add(keys, &product_kind, &wanted->id);
	if (wanted->sku == NULL)
		return;
	keys_add(keys, &sku_claim_kind, &wanted->id);
	claim_key(keys, wanted->sku);
}

void product_key(struct keys *keys, const struct message *message)
{
	/* Both kinds of request begin with the id. */
	const struct uuid *id = message->body;

	_Static_assert(offsetof(struct by_id, id) == 0 && offsetof(struct products_adjust_stock, id) == 0,
		       "the id comes first");
	keys_add(keys, &product_kind, id);
}

static void line_keys(struct keys *keys, const struct order_event *order)
{
	const struct order_line *lines = order->items.items;

	for (size_t i = 0; i < order->items.count; i++)
		keys_add(keys, &product_kind, &lines[i].product_id);
}

void placed_keys(struct keys *keys, const struct message *message)
{
	const struct order_event *order = message->body;

	keys_add_new(keys, &reservation_kind, &order->order_id);
	line_keys(keys, order);
}

void order_keys(struct keys *keys, const struct message *message)
{
	const struct order_event *order = message->body;

	keys_add(keys, &reservation_kind, &order->order_id);
	line_keys(keys, order);
}

void timer_key(struct keys *keys, const struct message *message)
{
	const struct order_timer *timer = message->body;

	keys_add(keys, &reservation_kind, &timer->order_id);
}
