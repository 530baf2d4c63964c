/* The unique claims of SKUs in PostgreSQL. */
#include "products/store/stores.h"
#include "products/usecases/decisions.h"

static void claim_read(const struct rows *rows, int row, struct arena *arena, void *ret_claim)
{
	struct sku_claim *claim = ret_claim;

	claim->id = row_uuid(rows, row, 0);
	claim->sku = row_text(rows, row, 1, arena);
	claim->product_id = row_uuid(rows, row, 2);
}

static void claim_write(struct args *args, const void *aggregate)
{
	const struct sku_claim *claim = aggregate;

	put_uuid(args, &claim->id);
	put_text(args, claim->sku);
	put_uuid(args, uuid_is_nil(&claim->product_id) ? NULL : &claim->product_id);
}

#define UNNEST "unnest($1::uuid[], $2::text[], $3::uuid[]) AS given (id, sku, product_id)"

#define INSERT "INSERT INTO sku_claims (id, sku, product_id) SELECT * FROM " UNNEST

static const struct store_update updates[] = {
	{.sql = {"sku_claim_update",
		 "UPDATE sku_claims SET product_id = given.product_id FROM " UNNEST " WHERE sku_claims.id = given.id"},
	 .write = claim_write,
	 .columns = 3},
};

/* The keys of a change of SKU name the product, and not the SKU that it holds. So a claim is also loaded by its
 * product's id. The product is locked first, so its claim cannot change in the meantime. */
const struct store sku_claim_store = {
	.kind = &sku_claim_kind,
	.load = {"sku_claim_load", "SELECT id, sku, product_id FROM sku_claims "
				   "WHERE id = ANY($1) OR product_id = ANY($1) ORDER BY id FOR NO KEY UPDATE"},
	.read = claim_read,
	.insert_new = {"sku_claim_insert_new", INSERT},
	.insert_missing = {"sku_claim_insert", INSERT " ON CONFLICT DO NOTHING"},
	.write = claim_write,
	.columns = 3,
	.updates = updates,
};
