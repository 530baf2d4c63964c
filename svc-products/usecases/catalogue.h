/* The decisions of an admin about the catalogue. All are pure. Each checks the caller itself and does not rely on the
 * edge.
 *
 * Each replies with the product after the request. Refusals: unauthenticated, forbidden, not_found, version_mismatch
 * (If-Match), sku_taken, stock_below_reserved, and invalid for a stock figure out of bounds. */
#ifndef PRODUCTS_USECASES_CATALOGUE_H
#define PRODUCTS_USECASES_CATALOGUE_H

#include "products/usecases/aggregates.h"

decide_function create_product;
/* A request that changes nothing makes no version and no event. A new price or currency applies to later orders. */
decide_function change_product;
/* Idempotent. The product keeps its SKU, because it can be sold again later. */
decide_function withdraw_product;
decide_function adjust_stock;

/* OK if the caller is an admin; refuses otherwise. */
must_check enum status catalogue_check_admin(struct unit *unit, const struct message *message);
/* The product, if it exists and has `expected_version` (INT_ABSENT: any); refuses otherwise. */
must_check enum status catalogue_find(struct unit *unit, const struct uuid *id, int64_t expected_version,
				      const struct product **ret_product);
/* Claims a SKU for a product; refuses if another product has it. */
must_check enum status catalogue_claim_sku(struct unit *unit, const char *sku, const struct uuid *product_id);
/* Publishes the changed product as an event of `type`, and replies with it. */
void catalogue_publish(struct unit *unit, int type, const struct product *product);
/* Replies with the product, without an event. */
void catalogue_reply(struct unit *unit, const struct product *product);

#endif
