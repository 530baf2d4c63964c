/* products.adjust_stock: more or fewer pieces are on hand. */
#include "products/usecases/catalogue.h"
#include "products/usecases/views.h"

#include <inttypes.h>

static enum status refuse(struct unit *unit, const struct product *present, enum adjustment adjustment)
{
	if (adjustment == ADJUSTMENT_BELOW_RESERVED)
		return unit_refuse(unit, E_CONFLICT, "stock_below_reserved", "delta",
				   "%" PRId64 " are on hand and %" PRId64 " of them are reserved for pending orders",
				   present->on_hand, present->reserved);
	return unit_refuse(unit, E_INVALID, "invalid", "delta", "%" PRId64 " are on hand; there can be at most %d",
			   present->on_hand, STOCK_MAX);
}

static void publish(struct unit *unit, const struct product *product, const struct products_adjust_stock *wanted)
{
	struct stock_adjusted *event = arena_new(unit_arena(unit), 1, sizeof(*event));

	*event = (struct stock_adjusted){
		.product = product_view_of(product), .delta = wanted->delta, .reason = wanted->reason};
	unit_event(unit, STOCK_ADJUSTED, &product->id, product->sequence, event);
}

enum status adjust_stock(struct unit *unit, const struct message *message)
{
	const struct products_adjust_stock *wanted = message->body;
	const struct product *present = NULL;
	struct product *product;
	enum adjustment adjustment;
	enum status status = catalogue_check_admin(unit, message);

	if (status == OK)
		status = catalogue_find(unit, &wanted->id, wanted->expected_version, &present);
	if (status != OK)
		return status;
	if (wanted->delta == 0)
		return unit_refuse(unit, E_INVALID, "invalid", "delta", "must not be 0");
	adjustment = product_adjustment(present, wanted->delta, STOCK_MAX);
	if (adjustment != ADJUSTMENT_FITS)
		return refuse(unit, present, adjustment);
	product = unit_edit(unit, &product_kind, &wanted->id);
	product->on_hand += wanted->delta;
	product_edited(product, unit_now(unit));
	publish(unit, product, wanted);
	catalogue_reply(unit, product);
	return OK;
}
