/* The fixture: a table of rows instead of a database. */
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
	{.type = PRODUCTS_CREATE, .keys = create_keys, .decide = create_product},
	{.type = PRODUCTS_CHANGE, .keys = change_keys, .decide = change_product},
	{.type = PRODUCTS_WITHDRAW, .keys = product_key, .decide = withdraw_product},
	{.type = PRODUCTS_ADJUST_STOCK, .keys = product_key, .decide = adjust_stock},
	{.type = ORDER_PLACED, .keys = placed_keys, .decide = reserve_order},
	{.type = ORDER_CONFIRMED, .keys = order_keys, .decide = sell_order},
	{.type = ORDER_REJECTED, .keys = order_keys, .decide = release_order},
	{.type = ORDER_EXPIRED, .keys = order_keys, .decide = release_order},
	{.type = ORDER_CANCELLED, .keys = order_keys, .decide = release_order},
	{.type = RESERVATION_DEADLINE, .keys = timer_key, .decide = check_overdue},
};

void fixture_open(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	arena_init(&fixture->arena);
	fixture->rows = arena_new(&fixture->arena, FIXTURE_ROWS, sizeof(*fixture->rows));
	fixture->now_us = 1767225600 * SECOND_US; /* 2026-01-01 */
	fixture->caller.role = CALLER_ADMIN;
	fixture->caller.user_id = fixture_id(fixture);
}

void fixture_close(struct fixture *fixture)
{
	arena_done(&fixture->arena);
}

struct uuid fixture_id(struct fixture *fixture)
{
	const struct uuid nobody = {0};

	return uuid_derive("fixture", &nobody, fixture->made++, fixture->now_us);
}

static struct fixture_row *row_find(struct fixture *fixture, const struct aggregate *kind, const struct uuid *id)
{
	for (size_t i = 0; i < fixture->row_count; i++) {
		if (fixture->rows[i].kind == kind && uuid_equal(&fixture->rows[i].id, id))
			return &fixture->rows[i];
	}
	return NULL;
}

static void *copy_of(struct fixture *fixture, const struct aggregate *kind, const void *data)
{
	return arena_copy(&fixture->arena, data, kind->size);
}

static struct fixture_row *row_add(struct fixture *fixture, const struct aggregate *kind, const struct uuid *id)
{
	assert_true(fixture->row_count < FIXTURE_ROWS);
	fixture->rows[fixture->row_count] = (struct fixture_row){.kind = kind, .id = *id};
	return &fixture->rows[fixture->row_count++];
}

struct product *fixture_product(struct fixture *fixture, const char *sku, int64_t on_hand)
{
	struct product *product = arena_new(&fixture->arena, 1, sizeof(*product));
	struct sku_claim *claim = arena_new(&fixture->arena, 1, sizeof(*claim));

	*product = (struct product){.id = fixture_id(fixture),
				    .sku = sku,
				    .name = sku,
				    .description = "",
				    .price_cents = 100,
				    .currency = "USD",
				    .on_hand = on_hand,
				    .version = 1,
				    .sequence = 1};
	*claim = (struct sku_claim){.id = sku_claim_id(sku), .sku = sku, .product_id = product->id};
	row_add(fixture, &product_kind, &product->id)->data = product;
	row_add(fixture, &sku_claim_kind, &claim->id)->data = claim;
	return product;
}

const struct product *fixture_find(struct fixture *fixture, const struct uuid *id)
{
	const struct fixture_row *row = row_find(fixture, &product_kind, id);

	return row == NULL ? NULL : row->data;
}

struct product *fixture_change(struct fixture *fixture, const struct uuid *id)
{
	return row_find(fixture, &product_kind, id)->data;
}

const struct reservation *fixture_reservation(struct fixture *fixture, const struct uuid *order_id)
{
	const struct fixture_row *row = row_find(fixture, &reservation_kind, order_id);

	return row == NULL ? NULL : row->data;
}

struct order_event *fixture_order(struct fixture *fixture, size_t count, const struct uuid *products,
				  const int64_t *quantities)
{
	struct order_event *order = arena_new(&fixture->arena, 1, sizeof(*order));
	struct order_line *lines = arena_new(&fixture->arena, count, sizeof(*lines));

	for (size_t i = 0; i < count; i++)
		lines[i] = (struct order_line){
			.product_id = products[i], .quantity = quantities[i], .unit_price_cents = INT_ABSENT};
	*order = (struct order_event){.order_id = fixture_id(fixture),
				      .user_id = fixture_id(fixture),
				      .items = {.items = lines, .count = count},
				      .total_cents = INT_ABSENT,
				      .created_at = fixture->now_us,
				      .expires_at = fixture->now_us + 10 * MINUTE_US};
	return order;
}

struct order_event *fixture_order_one(struct fixture *fixture, const struct uuid *product, int64_t quantity)
{
	return fixture_order(fixture, 1, product, &quantity);
}

struct message fixture_message(struct fixture *fixture, int type, const void *body)
{
	return (struct message){.type = type,
				.id = fixture_id(fixture),
				.time_us = fixture->now_us,
				.deadline_us = INT64_MAX,
				.caller = fixture->caller,
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

/* Loads as the stores do: by id, and a SKU claim also by its product's id. */
static void load(struct fixture *fixture, struct unit *unit, const struct aggregate *kind)
{
	const struct uuid *ids;
	size_t count = keys_sorted(unit_keys(unit), kind, &ids);

	for (size_t row = 0; row < fixture->row_count; row++) {
		const struct fixture_row *stored = &fixture->rows[row];
		const struct sku_claim *claim = stored->data;

		for (size_t i = 0; stored->kind == kind && i < count; i++) {
			if (uuid_equal(&ids[i], &stored->id) ||
			    (kind == &sku_claim_kind && uuid_equal(&ids[i], &claim->product_id))) {
				unit_put(unit, kind, &stored->id, copy_of(fixture, kind, stored->data));
				break;
			}
		}
	}
}

static void save(struct fixture *fixture, struct unit *unit, const struct aggregate *kind)
{
	struct entry **entries;
	size_t count = unit_changed(unit, kind, &entries);

	for (size_t i = 0; i < count; i++) {
		struct fixture_row *row = row_find(fixture, kind, &entries[i]->id);

		assert_true((row != NULL) == entries[i]->found);
		if (row == NULL)
			row = row_add(fixture, kind, &entries[i]->id);
		row->data = copy_of(fixture, kind, entries[i]->data);
	}
}

void fixture_batch(struct fixture *fixture, const struct message *messages, size_t count)
{
	static const struct aggregate *const kinds[] = {&product_kind, &sku_claim_kind, &reservation_kind};
	struct unit *unit = unit_make(&fixture->arena, "svc-products");

	assert_true(count <= FIXTURE_MESSAGES);
	for (size_t i = 0; i < count; i++)
		handlers[handler_of(messages[i].type)].keys(unit_keys(unit), &messages[i]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		load(fixture, unit, kinds[i]);
	for (size_t i = 0; i < count; i++)
		fixture->decisions[i] = unit_decide(unit, handlers[handler_of(messages[i].type)].decide, &messages[i],
						    fixture->now_us, i);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		save(fixture, unit, kinds[i]);
	fixture->output_count = unit_outputs(unit, &fixture->outputs);
	fixture->deadline_count = unit_deadlines(unit, &fixture->deadlines);
}

enum status fixture_decide(struct fixture *fixture, int type, const void *body)
{
	const struct message message = fixture_message(fixture, type, body);

	fixture_batch(fixture, &message, 1);
	return fixture->decisions[0].status;
}

const void *fixture_only_event(struct fixture *fixture, int type)
{
	assert_int_equal(fixture->output_count, 1);
	assert_int_equal(fixture->outputs[0].type, type);
	return fixture->outputs[0].body;
}
