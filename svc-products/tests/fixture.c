/* The shop: a table of rows instead of a database. */
#include "products/tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	int type;
	keys_function *keys;
	decide_function *decide;
} handlers[] = {
	{PRODUCTS_CREATE, create_keys, create_product},     {PRODUCTS_CHANGE, change_keys, change_product},
	{PRODUCTS_WITHDRAW, product_key, withdraw_product}, {PRODUCTS_ADJUST_STOCK, product_key, adjust_stock},
	{ORDER_PLACED, placed_keys, reserve_order},         {ORDER_CONFIRMED, order_keys, sell_order},
	{ORDER_REJECTED, order_keys, release_order},        {ORDER_EXPIRED, order_keys, release_order},
	{ORDER_CANCELLED, order_keys, release_order},       {RESERVATION_DEADLINE, note_key, check_overdue},
};

void shop_open(struct shop *shop)
{
	memset(shop, 0, sizeof(*shop));
	arena_init(&shop->arena);
	shop->rows = arena_new(&shop->arena, SHOP_ROWS, sizeof(*shop->rows));
	shop->now_us = 1767225600 * SECOND_US; /* 2026-01-01 */
	shop->caller.role = CALLER_ADMIN;
	shop->caller.user_id = shop_id(shop);
}

void shop_close(struct shop *shop)
{
	arena_done(&shop->arena);
}

struct uuid shop_id(struct shop *shop)
{
	const struct uuid nobody = {0};

	return uuid_derive("shop", &nobody, shop->made++, shop->now_us);
}

static struct shop_row *row_find(struct shop *shop, const struct aggregate *kind, const struct uuid *id)
{
	for (size_t i = 0; i < shop->row_count; i++) {
		if (shop->rows[i].kind == kind && uuid_equal(&shop->rows[i].id, id))
			return &shop->rows[i];
	}
	return NULL;
}

static void *copy_of(struct shop *shop, const struct aggregate *kind, const void *data)
{
	return arena_copy(&shop->arena, data, kind->size);
}

static struct shop_row *row_add(struct shop *shop, const struct aggregate *kind, const struct uuid *id)
{
	assert_true(shop->row_count < SHOP_ROWS);
	shop->rows[shop->row_count] = (struct shop_row){.kind = kind, .id = *id};
	return &shop->rows[shop->row_count++];
}

struct product *shop_product(struct shop *shop, const char *sku, int64_t on_hand)
{
	struct product *product = arena_new(&shop->arena, 1, sizeof(*product));
	struct sku_claim *claim = arena_new(&shop->arena, 1, sizeof(*claim));

	*product = (struct product){.id = shop_id(shop),
				    .sku = sku,
				    .name = sku,
				    .description = "",
				    .price_cents = 100,
				    .currency = "USD",
				    .on_hand = on_hand,
				    .version = 1,
				    .sequence = 1};
	*claim = (struct sku_claim){.id = sku_claim_id(sku), .sku = sku, .product_id = product->id};
	row_add(shop, &product_kind, &product->id)->data = product;
	row_add(shop, &sku_claim_kind, &claim->id)->data = claim;
	return product;
}

const struct product *shop_find(struct shop *shop, const struct uuid *id)
{
	const struct shop_row *row = row_find(shop, &product_kind, id);

	return row == NULL ? NULL : row->data;
}

struct product *shop_change(struct shop *shop, const struct uuid *id)
{
	return row_find(shop, &product_kind, id)->data;
}

const struct reservation *shop_reservation(struct shop *shop, const struct uuid *order_id)
{
	const struct shop_row *row = row_find(shop, &reservation_kind, order_id);

	return row == NULL ? NULL : row->data;
}

struct order_event *shop_order(struct shop *shop, size_t count, const struct uuid *products, const int64_t *quantities)
{
	struct order_event *order = arena_new(&shop->arena, 1, sizeof(*order));
	struct order_line *lines = arena_new(&shop->arena, count, sizeof(*lines));

	for (size_t i = 0; i < count; i++)
		lines[i] = (struct order_line){
			.product_id = products[i], .quantity = quantities[i], .unit_price_cents = INT_ABSENT};
	*order = (struct order_event){.order_id = shop_id(shop),
				      .user_id = shop_id(shop),
				      .items = {.items = lines, .count = count},
				      .total_cents = INT_ABSENT,
				      .created_at = shop->now_us,
				      .expires_at = shop->now_us + 10 * MINUTE_US};
	return order;
}

struct order_event *shop_order_one(struct shop *shop, const struct uuid *product, int64_t quantity)
{
	return shop_order(shop, 1, product, &quantity);
}

struct message shop_message(struct shop *shop, int type, const void *body)
{
	return (struct message){.type = type,
				.id = shop_id(shop),
				.time_us = shop->now_us,
				.deadline_us = INT64_MAX,
				.caller = shop->caller,
				.body = body};
}

static size_t handler_of(int type)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (handlers[i].type == type)
			return i;
	}
	fail_msg("no handler for message type %d", type);
	return 0;
}

/* Loads as the stores do: by id, and claims by their holder as well. */
static void load(struct shop *shop, struct unit *unit, const struct aggregate *kind)
{
	const struct uuid *ids;
	size_t count = keys_sorted(unit_keys(unit), kind, &ids);

	for (size_t row = 0; row < shop->row_count; row++) {
		const struct shop_row *stored = &shop->rows[row];
		const struct sku_claim *claim = stored->data;

		for (size_t i = 0; stored->kind == kind && i < count; i++) {
			if (uuid_equal(&ids[i], &stored->id) ||
			    (kind == &sku_claim_kind && uuid_equal(&ids[i], &claim->product_id))) {
				unit_put(unit, kind, &stored->id, copy_of(shop, kind, stored->data));
				break;
			}
		}
	}
}

static void save(struct shop *shop, struct unit *unit, const struct aggregate *kind)
{
	struct entry **entries;
	size_t count = unit_changed(unit, kind, &entries);

	for (size_t i = 0; i < count; i++) {
		struct shop_row *row = row_find(shop, kind, &entries[i]->id);

		assert_true((row != NULL) == entries[i]->found);
		if (row == NULL)
			row = row_add(shop, kind, &entries[i]->id);
		row->data = copy_of(shop, kind, entries[i]->data);
	}
}

void shop_turn(struct shop *shop, const struct message *messages, size_t count)
{
	static const struct aggregate *const kinds[] = {&product_kind, &sku_claim_kind, &reservation_kind};
	struct unit *unit = unit_make(&shop->arena, "svc-products");

	assert_true(count <= SHOP_TOLD);
	for (size_t i = 0; i < count; i++)
		handlers[handler_of(messages[i].type)].keys(unit_keys(unit), &messages[i]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		load(shop, unit, kinds[i]);
	for (size_t i = 0; i < count; i++)
		shop->decisions[i] =
			unit_decide(unit, handlers[handler_of(messages[i].type)].decide, &messages[i], shop->now_us, i);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		save(shop, unit, kinds[i]);
	shop->output_count = unit_outputs(unit, &shop->outputs);
	shop->deadline_count = unit_deadlines(unit, &shop->deadlines);
}

enum status shop_tell(struct shop *shop, int type, const void *body)
{
	const struct message message = shop_message(shop, type, body);

	shop_turn(shop, &message, 1);
	return shop->decisions[0].status;
}

const void *shop_only_event(struct shop *shop, int type)
{
	assert_int_equal(shop->output_count, 1);
	assert_int_equal(shop->outputs[0].type, type);
	return shop->outputs[0].body;
}
