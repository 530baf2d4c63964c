/* From the events of products back to what they answered. */
#include <string.h>

#include "products/service.h"
#include "products/usecases/aggregates.h"

static const struct inferred_request nothing = {.type = -1};
static const struct caller an_admin = {.role = CALLER_ADMIN};

/* ---- versions ---- */

static void levels(struct versions *versions, const struct list *stock,
		   void (*say)(struct versions *, const struct aggregate *, const struct uuid *, int64_t))
{
	const struct stock_level *level = stock->items;

	for (size_t i = 0; i < stock->count; i++)
		say(versions, &product_kind, &level[i].product_id, level[i].sequence);
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

/* As if everything had been sent: what is as it was before makes no difference. */
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

static bool only_withdrawn(const struct external_event *root)
{
	const struct product_view *after = root->event->body;
	const struct product_view *before = root->before == NULL ? NULL : root->before->body;

	return before != NULL && strcmp(after->sku, before->sku) == 0 && strcmp(after->name, before->name) == 0 &&
	       strcmp(after->description, before->description) == 0 && after->price_cents == before->price_cents &&
	       strcmp(after->currency, before->currency) == 0;
}

static struct inferred_request withdrawing(const struct external_event *root, struct arena *arena)
{
	struct by_id *wanted = arena_new(arena, 1, sizeof(*wanted));

	if (!only_withdrawn(root))
		return changing(root->event->body, arena);
	*wanted = (struct by_id){.id = root->event->subject, .expected_version = INT_ABSENT};
	return (struct inferred_request){.type = PRODUCTS_WITHDRAW, .caller = an_admin, .body = wanted};
}

static struct inferred_request counting(const struct stock_adjusted *told, struct arena *arena)
{
	struct products_adjust_stock *counted = arena_new(arena, 1, sizeof(*counted));

	*counted = (struct products_adjust_stock){
		.id = told->product.id, .expected_version = INT_ABSENT, .delta = told->delta, .reason = told->reason};
	return (struct inferred_request){.type = PRODUCTS_ADJUST_STOCK, .caller = an_admin, .body = counted};
}

static struct inferred_request deadline(const struct order_timer *overdue, struct arena *arena)
{
	struct order_timer *due = arena_new(arena, 1, sizeof(*due));

	*due = *overdue;
	return (struct inferred_request){.type = RESERVATION_DEADLINE, .body = due};
}

static struct inferred_request cause(const struct external_event *root, struct arena *arena)
{
	switch (root->event->type) {
	case PRODUCT_CREATED:
		return creating(root->event->body, arena);
	case PRODUCT_CHANGED:
		return changing(root->event->body, arena);
	case PRODUCT_WITHDRAWN:
		return withdrawing(root, arena);
	case STOCK_ADJUSTED:
		return counting(root->event->body, arena);
	case RESERVATION_OVERDUE:
		return deadline(root->event->body, arena);
	default:
		return nothing;
	}
}

static const int eventless[] = {-1};
/* An order whose end was heard first left a tombstone: what it asked for afterwards led to nothing. */
static const int last[] = {ORDER_PLACED, -1};

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
	.eventless = eventless,
	.eventless_kind = &reservation_kind,
	.last = last,
	.tables = tables,
};
