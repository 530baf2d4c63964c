/* Replay of products: the versions and the causes of its events. */
#include "products/service.h"

#include <string.h>

#include "products/usecases/decisions.h"

static const struct inferred_request unknown = {.type = -1};
static const struct caller an_admin = {.role = CALLER_ADMIN};

/* ---- versions ---- */

static void levels(struct versions *versions, const struct list *stock,
		   void (*report)(struct versions *, const struct aggregate *, const struct uuid *, int64_t))
{
	const struct stock_level *level = stock->items;

	for (size_t i = 0; i < stock->count; i++)
		report(versions, &product_kind, &level[i].product_id, level[i].sequence);
}

static void versions(struct versions *versions, const struct message *event)
{
	switch (event->type) {
	case STOCK_RESERVED:
	case STOCK_RELEASED:
	case STOCK_SOLD:
		versions_made(versions, &reservation_kind, &event->subject, event->sequence);
		levels(versions, &((const struct stock_event *)event->body)->stock, versions_made);
		return;
	case STOCK_REFUSED:
		versions_made(versions, &reservation_kind, &event->subject, event->sequence);
		levels(versions, &((const struct stock_refused *)event->body)->stock, versions_seen);
		return;
	case RESERVATION_OVERDUE:
		versions_seen(versions, &reservation_kind, &event->subject, event->sequence);
		return;
	default:
		versions_made(versions, &product_kind, &event->subject, event->sequence);
	}
}

/* ---- causes ---- */

static struct inferred_request creating(const struct product_view *made, struct arena *arena)
{
	struct products_create *wanted = arena_new(arena, 1, sizeof(*wanted));

	*wanted = (struct products_create){.sku = made->sku,
					   .name = made->name,
					   .description = made->description,
					   .price_cents = made->price_cents,
					   .currency = made->currency,
					   .on_hand = made->on_hand};
	return (struct inferred_request){.type = PRODUCTS_CREATE, .caller = an_admin, .body = wanted};
}

/* The request with every field: a field that is unchanged makes no difference. */
static struct inferred_request changing(const struct product_view *after, struct arena *arena)
{
	struct products_change *wanted = arena_new(arena, 1, sizeof(*wanted));

	*wanted = (struct products_change){.id = after->id,
					   .expected_version = INT_ABSENT,
					   .sku = after->sku,
					   .name = after->name,
					   .description = after->description,
					   .price_cents = after->price_cents,
					   .currency = after->currency,
					   .status = after->status};
	return (struct inferred_request){.type = PRODUCTS_CHANGE, .caller = an_admin, .body = wanted};
}

static bool only_withdrawn(const struct external_event *external)
{
	const struct product_view *after = external->event->body;
	const struct product_view *before = external->previous == NULL ? NULL : external->previous->body;

	return before != NULL && strcmp(after->sku, before->sku) == 0 && strcmp(after->name, before->name) == 0 &&
	       strcmp(after->description, before->description) == 0 && after->price_cents == before->price_cents &&
	       strcmp(after->currency, before->currency) == 0;
}

static struct inferred_request withdrawing(const struct external_event *external, struct arena *arena)
{
	struct by_id *wanted = arena_new(arena, 1, sizeof(*wanted));

	if (!only_withdrawn(external))
		return changing(external->event->body, arena);
	*wanted = (struct by_id){.id = external->event->subject, .expected_version = INT_ABSENT};
	return (struct inferred_request){.type = PRODUCTS_WITHDRAW, .caller = an_admin, .body = wanted};
}

static struct inferred_request adjusting(const struct stock_adjusted *event, struct arena *arena)
{
	struct products_adjust_stock *wanted = arena_new(arena, 1, sizeof(*wanted));

	*wanted = (struct products_adjust_stock){.id = event->product.id,
						 .expected_version = INT_ABSENT,
						 .delta = event->delta,
						 .reason = event->reason};
	return (struct inferred_request){.type = PRODUCTS_ADJUST_STOCK, .caller = an_admin, .body = wanted};
}

static struct inferred_request deadline(const struct order_timer *overdue, struct arena *arena)
{
	struct order_timer *due = arena_new(arena, 1, sizeof(*due));

	*due = *overdue;
	return (struct inferred_request){.type = RESERVATION_DEADLINE, .body = due};
}

static struct inferred_request cause(const struct external_event *external, struct arena *arena)
{
	switch (external->event->type) {
	case PRODUCT_CREATED:
		return creating(external->event->body, arena);
	case PRODUCT_CHANGED:
		return changing(external->event->body, arena);
	case PRODUCT_WITHDRAWN:
		return withdrawing(external, arena);
	case STOCK_ADJUSTED:
		return adjusting(external->event->body, arena);
	case RESERVATION_OVERDUE:
		return deadline(external->event->body, arena);
	default:
		return unknown;
	}
}

static const struct state_table tables[] = {
	{.name = "product",
	 .rows = STATE_ROWS("products", "products", "id",
			    "id, sku, name, description, price_cents, currency, on_hand, reserved, status, "
			    "created_at, updated_at, version, sequence")},
	{.name = "sku claim",
	 .rows = STATE_ROWS("sku_claims", "sku_claims", "id", "id, sku, product_id"),
	 .owner = "\"product_id\": \""},
	{.name = "reservation",
	 .rows = STATE_ROWS("reservations", "reservations", "order_id",
			    "order_id, state, lines, currency, total_cents, expires_at, updated_at, version")},
	{.name = "deadline",
	 .rows = STATE_ROWS(
		 "deadlines",
		 "(SELECT subject, type FROM deadlines_all WHERE NOT in_batch"
		 " OR EXISTS (SELECT FROM reservations WHERE order_id = subject AND state = 'held')) AS deadline",
		 "subject", "subject, type")},
	{0},
};

const struct replay_spec products_replay_spec = {
	.service = &products_service,
	.versions = versions,
	.cause = cause,
	.eventless = MESSAGE_TYPES(),
	.eventless_kind = &reservation_kind,
	/* An order whose end came first has a tombstone, and its order.placed led to no event. */
	.decided_last = MESSAGE_TYPES(ORDER_PLACED),
	.tables = tables,
};
