/* What the decisions about the catalogue share: rights, the product, the SKU claim, the event and the reply. */
#ifndef PRODUCTS_USECASES_CATALOGUE_H
#define PRODUCTS_USECASES_CATALOGUE_H

#include "products/usecases/decisions.h"

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
