/* The data of the events in an order's history, rebuilt from the order. */
#include "orders/usecases/history.h"

#include "orders/usecases/views.h"

#define FIELDS(...) ((const struct field[]){__VA_ARGS__, field_end})

/* The data of stock.reserved without the stock levels, which the order does not keep. */
static const struct schema reserved_schema = {
	.name = "reserved_schema",
	.size = sizeof(struct stock_event),
	.fields = FIELDS(field_uuid(struct stock_event, order_id, REQUIRED),
			 field_array(struct stock_event, items, REQUIRED, &order_line_schema, 1, LINES_MAX),
			 field_int(struct stock_event, total_cents, REQUIRED, 0, 0),
			 field_text(struct stock_event, currency, REQUIRED, 3, 3),
			 field_timestamp(struct stock_event, expires_at, 0)),
};

/* ---- the data of each event ---- */

static const void *placed(const struct order *order, struct arena *arena)
{
	struct order then = order_as_placed(order);

	return order_event_of(&then, arena);
}

static const void *ended(const struct order *order, struct arena *arena)
{
	return order_event_of(order, arena);
}

/* Also user.verified, whose schema leaves the reason out: the order may have ended for another reason. */
static const void *user_answered(const struct order *order, struct arena *arena)
{
	struct user_answer *answer = arena_new(arena, 1, sizeof(*answer));

	*answer = (struct user_answer){
		.order_id = order->id,
		.user_id = order->user_id,
		.code = order->reason.code,
		.detail = order->reason.detail,
	};
	return answer;
}

static const void *stock_reserved(const struct order *order, struct arena *arena)
{
	struct stock_event *reserved = arena_new(arena, 1, sizeof(*reserved));

	*reserved = (struct stock_event){
		.order_id = order->id,
		.items = order_lines_of(order, true, arena),
		.total_cents = order->total_cents,
		.currency = order->currency,
		.expires_at = order->expires_us,
	};
	return reserved;
}

static const void *stock_refused(const struct order *order, struct arena *arena)
{
	struct stock_refused *refused = arena_new(arena, 1, sizeof(*refused));

	*refused = (struct stock_refused){
		.order_id = order->id,
		.code = order->reason.code,
		.detail = order->reason.detail,
		.product_id = order->reason.product_id,
	};
	return refused;
}

/* ---- the table ---- */

/* Every event that apply_event.c can add to a history. */
/* clang-format off */
static const struct history_rule {
	int type;
	const struct schema *schema;
	const void *(*data)(const struct order *order, struct arena *arena);
} rules[] = {
	{ .type = ORDER_PLACED,    .schema = &order_event_schema,   .data = placed         },
	{ .type = USER_VERIFIED,   .schema = &user_verified_schema, .data = user_answered  },
	{ .type = USER_REFUSED,    .schema = &user_refused_schema,  .data = user_answered  },
	{ .type = STOCK_RESERVED,  .schema = &reserved_schema,      .data = stock_reserved },
	{ .type = STOCK_REFUSED,   .schema = &stock_refused_schema, .data = stock_refused  },
	{ .type = ORDER_CONFIRMED, .schema = &order_event_schema,   .data = ended          },
	{ .type = ORDER_REJECTED,  .schema = &order_event_schema,   .data = ended          },
	{ .type = ORDER_EXPIRED,   .schema = &order_event_schema,   .data = ended          },
	{ .type = ORDER_CANCELLED, .schema = &order_event_schema,   .data = ended          },
};
/* clang-format on */

bool order_history_event(const struct order *order, const struct history_entry *entry, struct arena *arena,
			 struct history_event *ret_event)
{
	int type = contract_find(&comanda_contract, entry->event, 0);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].type == type) {
			*ret_event = (struct history_event){
				.type = &comanda_contract.types[type],
				.schema = rules[i].schema,
				.data = rules[i].data(order, arena),
			};
			return true;
		}
	return false;
}
