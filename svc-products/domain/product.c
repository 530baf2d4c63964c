/* The rules of one product: the bounds of its figures, and how they change. */
#include "products/domain/product.h"

#include <assert.h>
#include <string.h>

int64_t product_available(const struct product *product)
{
	return product->on_hand - product->reserved;
}

void product_edited(struct product *product, int64_t now_us)
{
	product->version++;
	product->sequence++;
	product->updated_at = now_us;
	product->edited = true;
}

void product_reserve(struct product *product, int64_t quantity)
{
	assert(quantity > 0 && quantity <= product_available(product));
	product->reserved += quantity;
	product->sequence++;
}

void product_release(struct product *product, int64_t quantity)
{
	assert(quantity > 0 && quantity <= product->reserved);
	product->reserved -= quantity;
	product->sequence++;
}

void product_sell(struct product *product, int64_t quantity)
{
	assert(quantity > 0 && quantity <= product->reserved);
	product->on_hand -= quantity;
	product->reserved -= quantity;
	product->sequence++;
}

enum adjustment product_adjustment(const struct product *product, int64_t delta, int64_t most)
{
	int64_t on_hand = product->on_hand + delta;

	if (on_hand < product->reserved)
		return ADJUSTMENT_BELOW_RESERVED;
	return on_hand > most ? ADJUSTMENT_TOO_MUCH : ADJUSTMENT_FITS;
}

struct uuid sku_claim_id(const char *sku)
{
	return uuid_of_text("sku", sku, strlen(sku));
}

bool sku_claim_open_to(const struct sku_claim *claim, const struct uuid *product_id)
{
	return uuid_is_nil(&claim->product_id) || uuid_equal(&claim->product_id, product_id);
}
