/* Products in PostgreSQL, and in the cache. */
#include <stddef.h>
#include <string.h>

#include "products/store/stores.h"
#include "products/usecases/decisions.h"
#include "products/usecases/views.h"

void product_read(const struct rows *rows, int row, struct arena *arena, void *ret_product)
{
	struct product *product = ret_product;
	struct span status = row_bytes(rows, row, 8);

	product->id = row_uuid(rows, row, 0);
	product->sku = row_text(rows, row, 1, arena);
	product->name = row_text(rows, row, 2, arena);
	product->description = row_text(rows, row, 3, arena);
	product->price_cents = row_int(rows, row, 4);
	product->currency = row_text(rows, row, 5, arena);
	product->on_hand = row_int(rows, row, 6);
	product->reserved = row_int(rows, row, 7);
	product->withdrawn = status.size > 0 && status.bytes[0] == 'w';
	product->created_at = row_timestamp(rows, row, 9);
	product->updated_at = row_timestamp(rows, row, 10);
	product->version = row_int(rows, row, 11);
	product->sequence = row_int(rows, row, 12);
}

static void product_write(struct args *args, const void *aggregate)
{
	const struct product *product = aggregate;

	put_uuid(args, &product->id);
	put_text(args, product->sku);
	put_text(args, product->name);
	put_text(args, product->description);
	put_int(args, product->price_cents);
	put_text(args, product->currency);
	put_int(args, product->on_hand);
	put_int(args, product->reserved);
	put_text(args, product_status_names[product->withdrawn ? PRODUCT_INACTIVE : PRODUCT_ACTIVE]);
	put_timestamp(args, product->created_at);
	put_timestamp(args, product->updated_at);
	put_int(args, product->version);
	put_int(args, product->sequence);
}

const char *product_cache_key(const struct uuid *id, struct arena *arena)
{
	char text[UUID_TEXT + 1];

	uuid_text(id, text);
	return arena_format(arena, "product:%s", text);
}

static void cache_name(const void *aggregate, struct arena *arena, struct cache_entry *ret_entry)
{
	const struct product *product = aggregate;

	ret_entry->key = product_cache_key(&product->id, arena);
	ret_entry->sequence = product->sequence;
}

void product_cache_value(const void *aggregate, struct arena *arena, struct cache_entry *ret_entry)
{
	const struct product *product = aggregate;
	struct product_view view = product_view_of(product);
	struct buffer json;

	buffer_init(&json);
	json_encode(&json, &product_view_schema, &view);
	ret_entry->value = (struct span){.bytes = arena_copy(arena, json.bytes, json.size), .size = json.size};
	ret_entry->sequence = product->sequence;
	buffer_done(&json);
}

#define TYPES                                                                                                          \
	"$1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], "                     \
	"$8::bigint[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::bigint[]"
#define INSERT "INSERT INTO products (" PRODUCT_COLUMNS ") SELECT * FROM unnest(" TYPES ")"

/* The columns that orders change. Most writes are of this kind, and the texts are the larger part of a row. */
static void stock_write(struct args *args, const void *aggregate)
{
	const struct product *product = aggregate;

	put_uuid(args, &product->id);
	put_int(args, product->on_hand);
	put_int(args, product->reserved);
	put_int(args, product->sequence);
}

static bool is_stock_only(const void *aggregate)
{
	const struct product *product = aggregate;

	return !product->edited;
}

static const struct store_update updates[] = {
	{.sql = {"product_stock", "UPDATE products SET on_hand = given.on_hand, reserved = given.reserved, "
				  "sequence = given.sequence "
				  "FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) "
				  "AS given (id, on_hand, reserved, sequence, seen) "
				  "WHERE products.id = given.id AND products.sequence = given.seen"},
	 .write = stock_write,
	 .columns = 4,
	 .fits = is_stock_only},
	{.sql = {"product_update",
		 "UPDATE products SET sku = given.sku, name = given.name, description = given.description, "
		 "price_cents = given.price_cents, currency = given.currency, on_hand = given.on_hand, "
		 "reserved = given.reserved, status = given.status, updated_at = given.updated_at, "
		 "version = given.version, sequence = given.sequence "
		 "FROM unnest(" TYPES ", $14::bigint[]) AS given (" PRODUCT_COLUMNS ", seen) "
		 "WHERE products.id = given.id AND products.sequence = given.seen"},
	 .write = product_write,
	 .columns = 13},
};

static void product_copy(const void *aggregate, struct arena *arena, void *ret_copy)
{
	const struct product *product = aggregate;
	struct product *copy = ret_copy;

	*copy = *product;
	copy->sku = arena_text(arena, product->sku);
	copy->name = arena_text(arena, product->name);
	copy->description = arena_text(arena, product->description);
	copy->currency = arena_text(arena, product->currency);
	copy->edited = false;
}

#define SELECT "SELECT " PRODUCT_COLUMNS " FROM products WHERE id = ANY($1) ORDER BY id"

const struct store product_store = {
	.kind = &product_kind,
	.load = {"product_load", SELECT " FOR NO KEY UPDATE"},
	.load_unlocked = {"product_load_unlocked", SELECT},
	.version = offsetof(struct product, sequence),
	.read = product_read,
	.insert_new = {"product_insert_new", INSERT},
	.insert_missing = {"product_insert", INSERT " ON CONFLICT DO NOTHING"},
	.write = product_write,
	.columns = 13,
	.updates = updates,
	.copy = product_copy,
	.version_check = STORE_VERSION_CHECK("products", "id", "sequence"),
	.cache_name = cache_name,
	.cache_value = product_cache_value,
};
