/* Products in PostgreSQL, and as they lie in the cache. */
#include <string.h>

#include "aggregates.h"
#include "json.h"
#include "stores.h"

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
	product->created_at = row_moment(rows, row, 9);
	product->updated_at = row_moment(rows, row, 10);
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
	put_moment(args, product->created_at);
	put_moment(args, product->updated_at);
	put_int(args, product->version);
	put_int(args, product->sequence);
}

const char *product_cache_key(const struct uuid *id, struct arena *arena)
{
	char text[UUID_TEXT + 1];

	uuid_text(id, text);
	return arena_format(arena, "product:%s", text);
}

void product_cached(const void *aggregate, struct arena *arena, struct cache_entry *ret_entry)
{
	const struct product *product = aggregate;
	struct product_view view = product_show(product);
	struct buffer json;

	buffer_init(&json);
	json_encode(&json, &product_view_shape, &view);
	ret_entry->key = product_cache_key(&product->id, arena);
	ret_entry->value = (struct span){.bytes = arena_copy(arena, json.bytes, json.size), .size = json.size};
	ret_entry->sequence = product->sequence;
	buffer_done(&json);
}

#define UNNEST                                                                                                         \
	"INSERT INTO products (" PRODUCT_COLUMNS ") SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], "         \
	"$4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::timestamptz[], "           \
	"$11::timestamptz[], $12::bigint[], $13::bigint[]) "

/* ON CONFLICT instead of UPDATE ... FROM unnest: that one can get a plan that scans the table (the planner does not
 * know how many rows an array has), this one always goes by the key. */
const struct store product_store = {
	.kind = &product_kind,
	.load = {"product_load", "SELECT " PRODUCT_COLUMNS " FROM products WHERE id = ANY($1) ORDER BY id "
				 "FOR NO KEY UPDATE"},
	.read = product_read,
	.insert = {"product_insert", UNNEST "ON CONFLICT DO NOTHING"},
	.update = {"product_update",
		   UNNEST "ON CONFLICT (id) DO UPDATE SET sku = excluded.sku, name = excluded.name, "
			  "description = excluded.description, price_cents = excluded.price_cents, "
			  "currency = excluded.currency, on_hand = excluded.on_hand, reserved = excluded.reserved, "
			  "status = excluded.status, updated_at = excluded.updated_at, version = excluded.version, "
			  "sequence = excluded.sequence"},
	.write = product_write,
	.columns = 13,
	.cached = product_cached,
};
