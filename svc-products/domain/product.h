/* A product of the catalogue, with its stock. */
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
	int64_t on_hand;                /* pieces in stock */
	int64_t reserved;               /* of these, pieces reserved for orders that are still pending */
	bool withdrawn;                 /* no longer sold, except what was reserved before */
	int64_t created_at, updated_at; /* updated_at: of the last new `version` */
	int64_t version;  /* of the fields that admins edit; the ETag. Reservations and sales do not change it */
	int64_t sequence; /* of all fields: every change adds one */
	bool edited;      /* in this batch, by an admin: more fields than the stock changed. Not stored */
};

/* What can still be reserved. */
int64_t product_available(const struct product *product);

/* Marks an edit by an admin, after it was made. */
void product_edited(struct product *product, int64_t now_us);

/* Reserves `quantity` for an order. At most what is available (assert). */
void product_reserve(struct product *product, int64_t quantity);
/* Ends a reservation: the pieces are available again. */
void product_release(struct product *product, int64_t quantity);
/* Ends a reservation: the pieces are sold. */
void product_sell(struct product *product, int64_t quantity);

/* Whether `delta` pieces can be added to the stock (or taken from it, if negative). */
enum adjustment { ADJUSTMENT_FITS, ADJUSTMENT_BELOW_RESERVED, ADJUSTMENT_TOO_MUCH };
/* `most`: the limit of on_hand, and of |delta|. */
enum adjustment product_adjustment(const struct product *product, int64_t delta, int64_t most);

/* The unique claim of a SKU: an aggregate of its own, whose id is derived from the SKU. Two products that want one SKU
 * at the same time meet in one row. A decision finds a taken SKU by loading the claim. The row stays when the SKU is
 * given up. */
struct sku_claim {
	struct uuid id; /* sku_claim_id(sku) */
	const char *sku;
	struct uuid product_id; /* nil: free */
};

/* SKUs are case-sensitive. */
struct uuid sku_claim_id(const char *sku);
bool sku_claim_open_to(const struct sku_claim *claim, const struct uuid *product_id);

#endif
