/* What the decisions about the catalogue share: rights, the product, the SKU claim, the event and the reply. */
#include "products/usecases/catalogue.h"
#include "products/usecases/views.h"

#include <inttypes.h>

enum status catalogue_check_admin(struct unit *unit, const struct message *message)
{
	if (message->caller.role == CALLER_ADMIN)
		return OK;
	if (message->caller.role == CALLER_NOBODY)
		return unit_refuse(unit, E_UNAUTHENTICATED, "unauthenticated", NULL, "sign in as an admin");
	return unit_refuse(unit, E_FORBIDDEN, "forbidden", NULL, "only an admin changes the catalogue");
}

enum status catalogue_find(struct unit *unit, const struct uuid *id, int64_t expected_version,
			   const struct product **ret_product)
{
	const struct product *product = unit_get(unit, &product_kind, id);

	if (product == NULL)
		return unit_refuse(unit, E_NOT_FOUND, "not_found", NULL, "there is no product with this id");
	if (expected_version != INT_ABSENT && expected_version != product->version)
		return unit_refuse(unit, E_PRECONDITION, "version_mismatch", NULL,
				   "the product is at version %" PRId64 ", not %" PRId64 ": read it again",
				   product->version, expected_version);
	*ret_product = product;
	return OK;
}

enum status catalogue_claim_sku(struct unit *unit, const char *sku, const struct uuid *product_id)
{
	struct uuid id = sku_claim_id(sku);
	const struct sku_claim *seen = unit_get(unit, &sku_claim_kind, &id);
	struct sku_claim *claim;

	if (seen != NULL && !sku_claim_open_to(seen, product_id))
		return unit_refuse(unit, E_CONFLICT, "sku_taken", "sku", "another product has the SKU \"%s\"", sku);
	claim = seen == NULL ? unit_new(unit, &sku_claim_kind, &id) : unit_edit(unit, &sku_claim_kind, &id);
	claim->id = id;
	claim->sku = sku;
	claim->product_id = *product_id;
	return OK;
}

static struct product_view *view_of(struct unit *unit, const struct product *product)
{
	struct product_view *view = arena_new(unit_arena(unit), 1, sizeof(*view));

	*view = product_view_of(product);
	return view;
}

void catalogue_publish(struct unit *unit, int type, const struct product *product)
{
	const struct product_view *view = view_of(unit, product);

	unit_event(unit, type, &product->id, product->sequence, view);
	unit_reply(unit, view);
}

void catalogue_reply(struct unit *unit, const struct product *product)
{
	unit_reply(unit, view_of(unit, product));
}
