/* products.create. */
#include "products/usecases/catalogue.h"

enum status create_product(struct unit *unit, const struct message *message)
{
	const struct products_create *wanted = message->body;
	struct uuid id = unit_id(unit, 0);
	struct product *product;
	enum status status = catalogue_check_admin(unit, message);

	if (status == OK)
		status = catalogue_claim_sku(unit, wanted->sku, &id);
	if (status != OK)
		return status;
	product = unit_new(unit, &product_kind, &id);
	*product = (struct product){
		.id = id,
		.sku = wanted->sku,
		.name = wanted->name,
		.description = wanted->description == NULL ? "" : wanted->description,
		.price_cents = wanted->price_cents,
		.currency = wanted->currency,
		.on_hand = wanted->on_hand == INT_ABSENT ? 0 : wanted->on_hand,
		.created_at = unit_now(unit),
		.updated_at = unit_now(unit),
		.version = 1,
		.sequence = 1,
	};
	catalogue_publish(unit, PRODUCT_CREATED, product);
	return OK;
}
