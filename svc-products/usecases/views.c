/* Products and stock between the domain's structs and the contract's. */
#include "products/usecases/views.h"

struct product_view product_view_of(const struct product *product)
{
	return (struct product_view){
		.id = product->id,
		.sku = product->sku,
		.name = product->name,
		.description = product->description,
		.price_cents = product->price_cents,
		.currency = product->currency,
		.on_hand = product->on_hand,
		.reserved = product->reserved,
		.available = product_available(product),
		.status = product->withdrawn ? PRODUCT_INACTIVE : PRODUCT_ACTIVE,
		.created_at = product->created_at,
		.updated_at = product->updated_at,
		.version = product->version,
	};
}

struct stock_level stock_level_of(const struct product *product)
{
	return (struct stock_level){.product_id = product->id,
				    .on_hand = product->on_hand,
				    .reserved = product->reserved,
				    .sequence = product->sequence};
}
