/* What an admin does to the catalogue. Pure decisions; who asks is decided here again, whatever the edge let through.
 *
 * All reply with the product after the request. Refusals: unauthenticated, forbidden, not_found, version_mismatch
 * (If-Match), sku_taken, stock_below_reserved, and invalid for a stock figure out of bounds. */
#ifndef PRODUCTS_USECASES_CATALOGUE_H
#define PRODUCTS_USECASES_CATALOGUE_H

#include "products/usecases/aggregates.h"

decide_function create_product;
/* What changes nothing makes no version and no event. A change of price or currency is for later orders. */
decide_function change_product;
/* Withdrawing twice is once. The SKU stays taken: the product can be put back on sale. */
decide_function withdraw_product;
decide_function adjust_stock;

/* OK where the caller is an admin; refuses otherwise. */
must_check enum status catalogue_check_admin(struct unit *unit, const struct message *message);
/* The product, where it is there and `expected_version` (INT_ABSENT: any) is its version; refuses otherwise. */
must_check enum status catalogue_find(struct unit *unit, const struct uuid *id, int64_t expected_version,
				      const struct product **ret_product);
/* Gives a SKU to a product; refuses where another has it. */
must_check enum status catalogue_claim_sku(struct unit *unit, const char *sku, const struct uuid *product_id);
/* Publishes `event` with the product after it, and answers with it as well. */
void catalogue_publish(struct unit *unit, int event, const struct product *product);
/* Answers with the product alone: nothing has changed. */
void catalogue_reply(struct unit *unit, const struct product *product);

#endif
