/* Orders in PostgreSQL. Items and history are JSON in the row, by the field tables below. */
#include "orders/store/stores.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "orders/domain/order.h"
#include "orders/store/orders_metrics.h"
#include "orders/usecases/decisions.h"

#define FIELDS(...) ((const struct field[]){__VA_ARGS__, field_end})

static const struct schema item_schema = {
	.name = "item_schema",
	.size = sizeof(struct order_item),
	.fields = FIELDS(field_uuid(struct order_item, product_id, REQUIRED),
			 field_int(struct order_item, quantity, REQUIRED, 0, 0),
			 field_text(struct order_item, name, 0, 0, 0),
			 field_int(struct order_item, unit_price_cents, 0, 0, 0)),
};

static const struct schema history_schema = {
	.name = "history_schema",
	.size = sizeof(struct history_entry),
	.fields = FIELDS(
		field_uuid(struct history_entry, event_id, REQUIRED),
		field_text(struct history_entry, event, REQUIRED, 0, 0),
		{.name = "at", .type = F_TIMESTAMP, .rules = REQUIRED, .offset = offsetof(struct history_entry, at_us)},
		field_int(struct history_entry, sequence, REQUIRED, 0, 0)),
};

/* ---- writing ---- */

static void put_list(struct args *args, const struct schema *schema, const void *items, size_t count)
{
	struct buffer json;

	buffer_init(&json);
	for (size_t i = 0; i < count; i++) {
		buffer_text(&json, i == 0 ? "[" : ",");
		json_encode(&json, schema, (const char *)items + i * schema->size);
	}
	buffer_text(&json, count == 0 ? "[]" : "]");
	put_text(args, json.bytes);
	buffer_done(&json);
}

/* The last columns of both statements: what a transition may change. */
static void put_progress(struct args *args, const struct order *order)
{
	const struct end_reason *reason = &order->reason;

	put_list(args, &item_schema, order->items, order->item_count);
	put_int(args, order->total_cents);
	put_text(args, order->currency);
	put_text(args, reason->code);
	put_text(args, reason->detail);
	put_uuid(args, uuid_is_nil(&reason->product_id) ? NULL : &reason->product_id);
	put_list(args, &history_schema, order->history, order->history_count);
}

static void order_write(struct args *args, const void *aggregate)
{
	const struct order *order = aggregate;

	put_uuid(args, &order->id);
	put_uuid(args, &order->user_id);
	put_int(args, order->state);
	put_int(args, order->version);
	put_timestamp(args, order->created_us);
	put_timestamp(args, order->updated_us);
	put_timestamp(args, order->expires_us);
	put_text(args, order->note);
	put_progress(args, order);
}

/* ---- reading ---- */

/* The program wrote this JSON itself. If it does not fit the field table, the database or the build is broken. */
static size_t read_list(struct span text, const struct schema *schema, struct arena *arena, void **ret_items)
{
	struct faults faults = {0};
	const struct json *json;

	if (json_parse(arena, text, &faults, &json) != OK)
		abort();
	size_t count = (size_t)json_count(json);
	char *items = arena_new(arena, count, schema->size);
	for (size_t i = 0; i < count; i++)
		if (json_read(json_item(json, (int)i), schema, UNKNOWN_IGNORED, arena, &faults,
			      items + i * schema->size) != OK)
			abort();
	*ret_items = items;
	return count;
}

static void read_history(struct span text, struct arena *arena, struct order *order)
{
	void *entries;
	size_t count = read_list(text, &history_schema, arena, &entries);

	assert(count <= HISTORY_MAX);
	memcpy(order->history, entries, count * sizeof(order->history[0]));
	order->history_count = count;
}

void order_read(const struct rows *rows, int row, struct arena *arena, void *ret_order)
{
	struct order *order = ret_order;
	int column = 0;
	void *items;

	order->id = row_uuid(rows, row, column++);
	order->user_id = row_uuid(rows, row, column++);
	order->state = (enum order_state)row_int(rows, row, column++);
	order->version = row_int(rows, row, column++);
	order->created_us = row_timestamp(rows, row, column++);
	order->updated_us = row_timestamp(rows, row, column++);
	order->expires_us = row_timestamp(rows, row, column++);
	order->note = row_text(rows, row, column++, arena);
	order->item_count = read_list(row_bytes(rows, row, column++), &item_schema, arena, &items);
	order->items = items;
	order->total_cents = row_int(rows, row, column++);
	order->currency = row_text(rows, row, column++, arena);
	order->reason.code = row_text(rows, row, column++, arena);
	order->reason.detail = row_text(rows, row, column++, arena);
	order->reason.product_id = row_uuid(rows, row, column++);
	read_history(row_bytes(rows, row, column++), arena, order);
}

/* ---- aggregate cache ---- */

static struct order_item *items_copy(const struct order *order, struct arena *arena)
{
	struct order_item *items = arena_new(arena, order->item_count, sizeof(*items));

	for (size_t i = 0; i < order->item_count; i++) {
		items[i] = order->items[i];
		items[i].name = arena_text(arena, order->items[i].name);
	}
	return items;
}

static void order_copy(const void *aggregate, struct arena *arena, void *ret_copy)
{
	const struct order *order = aggregate;
	struct order *copy = ret_copy;

	*copy = *order;
	copy->note = arena_text(arena, order->note);
	copy->items = items_copy(order, arena);
	copy->currency = arena_text(arena, order->currency);
	copy->reason.code = arena_text(arena, order->reason.code);
	copy->reason.detail = arena_text(arena, order->reason.detail);
	for (size_t i = 0; i < order->history_count; i++)
		copy->history[i].event = arena_text(arena, order->history[i].event);
}

static bool order_is_terminal(const void *aggregate)
{
	return saga_ended(((const struct order *)aggregate)->state);
}

/* ---- the store ---- */

#define UNNEST_ORDERS                                                                                                  \
	"unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], "            \
	"       $7::timestamptz[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], "                  \
	"       $13::text[], $14::uuid[], $15::text[]) AS given (" ORDER_COLUMNS ")"
#define INSERT_ORDERS                                                                                                  \
	"INSERT INTO orders (" ORDER_COLUMNS ") "                                                                      \
	"SELECT id, user_id, state, version, created_at, updated_at, expires_at, note, items::json, total_cents, "     \
	"       currency, reason_code, reason_detail, reason_product_id, history::json "                               \
	"FROM " UNNEST_ORDERS

/* Without the columns that never change after orders.place. */
static void progress_write(struct args *args, const void *aggregate)
{
	const struct order *order = aggregate;

	put_uuid(args, &order->id);
	put_int(args, order->state);
	put_int(args, order->version);
	put_timestamp(args, order->updated_us);
	put_progress(args, order);
}

#define PROGRESS_COLUMNS                                                                                               \
	"id, state, version, updated_at, items, total_cents, currency, reason_code, reason_detail, "                   \
	"reason_product_id, history, seen"

static const struct store_update order_updates[] = {
	{.sql = {"order_update",
		 "UPDATE orders SET state = given.state, version = given.version, updated_at = given.updated_at, "
		 "items = given.items::json, total_cents = given.total_cents, currency = given.currency, "
		 "reason_code = given.reason_code, reason_detail = given.reason_detail, "
		 "reason_product_id = given.reason_product_id, history = given.history::json "
		 "FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[], $6::bigint[], "
		 "$7::text[], $8::text[], $9::text[], $10::uuid[], $11::text[], $12::bigint[]) AS given "
		 "(" PROGRESS_COLUMNS ") "
		 "WHERE orders.id = given.id AND orders.version = given.seen"},
	 .write = progress_write,
	 .columns = 11},
};

#define SELECT_ORDERS "SELECT " ORDER_COLUMNS " FROM orders WHERE id = ANY($1) ORDER BY id"

const struct store order_store = {
	.kind = &order_kind,
	.load = {"order_load", SELECT_ORDERS " FOR NO KEY UPDATE"},
	.load_unlocked = {"order_load_unlocked", SELECT_ORDERS},
	.version = offsetof(struct order, version),
	.read = order_read,
	.insert_new = {"order_insert_new", INSERT_ORDERS},
	.insert_missing = {"order_insert", INSERT_ORDERS " ON CONFLICT DO NOTHING"},
	.write = order_write,
	.columns = 15,
	.updates = order_updates,
	.copy = order_copy,
	.version_check = STORE_VERSION_CHECK("orders", "id", "version"),
	.is_terminal = order_is_terminal,
	.saved = orders_saved,
};
