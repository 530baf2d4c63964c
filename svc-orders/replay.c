/* Replay of orders: the versions and the causes of its events. */
#include "orders/service.h"

#include "orders/usecases/decisions.h"
#include "proto/messages.h"

static const struct inferred_request unknown = {.type = -1};

static void versions(struct versions *versions, const struct message *event)
{
	versions_made(versions, &order_kind, &event->subject, event->sequence);
}

static struct inferred_request placing(const struct message *event, const struct order_event *placed,
				       struct arena *arena)
{
	struct orders_place *wanted = arena_new(arena, 1, sizeof(*wanted));
	struct place_settings *settings = arena_new(arena, 1, sizeof(*settings));

	*wanted = (struct orders_place){.items = placed->items, .note = placed->note};
	settings->deadline_us = placed->expires_at - event->time_us;
	return (struct inferred_request){.type = ORDERS_PLACE,
					 .caller = {.user_id = placed->user_id, .role = CALLER_CUSTOMER},
					 .body = wanted,
					 .prepared = settings};
}

/* The owner or an admin cancelled the order: the decision is the same. */
static struct inferred_request cancelling(const struct order_event *cancelled, struct arena *arena)
{
	struct by_id *wanted = arena_new(arena, 1, sizeof(*wanted));

	*wanted = (struct by_id){.id = cancelled->order_id, .expected_version = INT_ABSENT};
	return (struct inferred_request){.type = ORDERS_CANCEL,
					 .caller = {.user_id = cancelled->user_id, .role = CALLER_CUSTOMER},
					 .body = wanted};
}

static struct inferred_request deadline(const struct order_event *expired, struct arena *arena)
{
	struct order_timer *due = arena_new(arena, 1, sizeof(*due));

	due->order_id = expired->order_id;
	return (struct inferred_request){.type = ORDER_DEADLINE, .body = due};
}

static struct inferred_request cause(const struct external_event *external, struct arena *arena)
{
	const struct order_event *event = external->event->body;

	switch (external->event->type) {
	case ORDER_PLACED:
		return event->expires_at == INT_ABSENT ? unknown : placing(external->event, event, arena);
	case ORDER_CANCELLED:
		return cancelling(event, arena);
	case ORDER_EXPIRED:
		return deadline(event, arena);
	default:
		return unknown;
	}
}

static const struct state_table tables[] = {
	{.name = "order",
	 .rows = STATE_ROWS("orders", "orders", "id",
			    "id, user_id, state, version, created_at, updated_at, expires_at, note, items, "
			    "total_cents, currency, reason_code, reason_detail, reason_product_id, history")},
	{.name = "deadline",
	 .rows = STATE_ROWS("deadlines",
			    "(SELECT subject, type FROM deadlines_all WHERE NOT in_batch"
			    " OR EXISTS (SELECT FROM orders WHERE id = subject AND state < 3)) AS deadline",
			    "subject", "subject, type")},
	{0},
};

const struct replay_spec orders_replay_spec = {
	.service = &orders_service,
	.versions = versions,
	.cause = cause,
	/* The first of the two answers changes the order and publishes nothing. stock.reserved comes first in this
	 * list: if it came after the order's end, it published an event. */
	.eventless = MESSAGE_TYPES(STOCK_RESERVED, USER_VERIFIED),
	.eventless_kind = &order_kind,
	.decided_last = MESSAGE_TYPES(),
	.tables = tables,
};
