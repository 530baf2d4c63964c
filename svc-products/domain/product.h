/* A product of the catalogue, with its stock. Pure. */
#ifndef PRODUCTS_DOMAIN_PRODUCT_H
#define PRODUCTS_DOMAIN_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "comanda/unit.h"

/* Always 0 <= reserved <= on_hand. */
struct product {
	struct uuid id;
	const char *sku, *name, *description;
	int64_t price_cents;            /* in minor units of `currency`, for orders that are placed from now on */
	const char *currency;           /* ISO 4217 */
	int64_t on_hand;                /* what is in the house */
	int64_t reserved;               /* of that, what is promised to orders that are still open */
	bool withdrawn;                 /* no longer sold; what was reserved before still is */
	int64_t created_at, updated_at; /* updated_at goes with `version` */
	int64_t version;                /* of what people edit; the ETag. Reservations and sales leave it alone */
	int64_t sequence;               /* of everything: every change bumps it */
	bool edited;                    /* by a person, in this turn: more than its stock has changed. Not kept */
};

/* What can still be promised. */
int64_t product_available(const struct product *product);

/* Marks an edit by a person, after it was made. */
void product_edited(struct product *product, int64_t now_us);

/* Promises `quantity` (at most what is available) to an order. */
void product_reserve(struct product *product, int64_t quantity);
/* Takes a promise back. */
void product_release(struct product *product, int64_t quantity);
/* Keeps a promise: the goods leave the house. */
void product_sell(struct product *product, int64_t quantity);

/* What stands in the way of a person who counts `delta` more (or fewer) on hand. */
enum adjustment { ADJUSTMENT_FITS, ADJUSTMENT_BELOW_RESERVED, ADJUSTMENT_TOO_MUCH };
/* `most`: the bound of on_hand. |delta| is at most that. */
enum adjustment product_adjustment(const struct product *product, int64_t delta, int64_t most);

/* The SKU as an aggregate of its own: who has it. So two products that want one SKU at the same time meet in one row,
 * and a taken SKU is found in the decision. A row stays when its SKU is given up. */
struct sku_claim {
	struct uuid id; /* sku_claim_id(sku) */
	const char *sku;
	struct uuid product_id; /* nil: free */
};

/* SKUs are compared as they are written, upper and lower case apart. */
struct uuid sku_claim_id(const char *sku);
bool sku_claim_open_to(const struct sku_claim *claim, const struct uuid *product_id);

#endif
