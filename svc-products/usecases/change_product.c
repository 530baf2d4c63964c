/* products.change and products.withdraw. */
#include "products/usecases/catalogue.h"

#include <assert.h>
#include <string.h>

static bool differs(const char *wanted, const char *present)
{
	return wanted != NULL && strcmp(wanted, present) != 0;
}

static bool status_differs(int wanted, const struct product *present)
{
	return wanted != -1 && (wanted == PRODUCT_INACTIVE) != present->withdrawn;
}

static bool changes_anything(const struct products_change *wanted, const struct product *present)
{
	return differs(wanted->sku, present->sku) || differs(wanted->name, present->name) ||
	       differs(wanted->description, present->description) || differs(wanted->currency, present->currency) ||
	       (wanted->price_cents != INT_ABSENT && wanted->price_cents != present->price_cents) ||
	       status_differs(wanted->status, present);
}

/* Claims the new SKU first: if another product has it, the old claim stays as it is. */
static enum status move_claim(struct unit *unit, const struct product *present, const char *sku)
{
	struct uuid old_id = sku_claim_id(present->sku);
	enum status status = catalogue_claim_sku(unit, sku, &present->id);
	struct sku_claim *old;

	if (status != OK)
		return status;
	old = unit_edit(unit, &sku_claim_kind, &old_id);
	assert(old != NULL && uuid_equal(&old->product_id, &present->id));
	old->product_id = (struct uuid){0};
	return OK;
}

static void apply_fields(struct product *product, const struct products_change *wanted)
{
	if (wanted->sku != NULL)
		product->sku = wanted->sku;
	if (wanted->name != NULL)
		product->name = wanted->name;
	if (wanted->description != NULL)
		product->description = wanted->description;
	if (wanted->currency != NULL)
		product->currency = wanted->currency;
	if (wanted->price_cents != INT_ABSENT)
		product->price_cents = wanted->price_cents;
	if (wanted->status != -1)
		product->withdrawn = wanted->status == PRODUCT_INACTIVE;
}

enum status change_product(struct unit *unit, const struct message *message)
{
	const struct products_change *wanted = message->body;
	const struct product *present = NULL;
	struct product *product;
	bool withdrawn_before;
	enum status status = catalogue_check_admin(unit, message);

	if (status == OK)
		status = catalogue_find(unit, &wanted->id, wanted->expected_version, &present);
	if (status != OK)
		return status;
	if (!changes_anything(wanted, present)) {
		catalogue_reply(unit, present);
		return OK;
	}
	if (differs(wanted->sku, present->sku))
		status = move_claim(unit, present, wanted->sku);
	if (status != OK)
		return status;
	withdrawn_before = present->withdrawn;
	product = unit_edit(unit, &product_kind, &wanted->id);
	apply_fields(product, wanted);
	product_edited(product, unit_now(unit));
	catalogue_publish(unit, product->withdrawn && !withdrawn_before ? PRODUCT_WITHDRAWN : PRODUCT_CHANGED, product);
	return OK;
}

enum status withdraw_product(struct unit *unit, const struct message *message)
{
	const struct by_id *wanted = message->body;
	const struct product *present = NULL;
	struct product *product;
	enum status status = catalogue_check_admin(unit, message);

	if (status == OK)
		status = catalogue_find(unit, &wanted->id, wanted->expected_version, &present);
	if (status != OK)
		return status;
	if (present->withdrawn) {
		catalogue_reply(unit, present);
		return OK;
	}
	product = unit_edit(unit, &product_kind, &wanted->id);
	product->withdrawn = true;
	product_edited(product, unit_now(unit));
	catalogue_publish(unit, PRODUCT_WITHDRAWN, product);
	return OK;
}
