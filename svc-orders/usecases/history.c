/* What the events of an order's history said, told again from the order itself. */
#include "orders/usecases/history.h"

#include "orders/usecases/views.h"

#define FIELDS(...) ((const struct field[]){__VA_ARGS__, field_end})

/* stock.reserved without the levels of stock that it went with: those were never the order's. */
static const struct schema held_schema = {
	.name = "held_schema",
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

/* Also user.verified, whose schema leaves the reason out: the order may have ended for another one. */
static const void *user_answered(const struct order *order, struct arena *arena)
{
	struct user_answer *answer = arena_new(arena, 1, sizeof(*answer));

	*answer = (struct user_answer){order->id, order->user_id, order->reason.code, order->reason.detail};
	return answer;
}

static const void *stock_held(const struct order *order, struct arena *arena)
{
	struct stock_event *held = arena_new(arena, 1, sizeof(*held));

	*held = (struct stock_event){
		.order_id = order->id,
		.items = order_lines_of(order, true, arena),
		.total_cents = order->total_cents,
		.currency = order->currency,
		.expires_at = order->expires_us,
	};
	return held;
}

static const void *stock_refused(const struct order *order, struct arena *arena)
{
	struct stock_refused *refused = arena_new(arena, 1, sizeof(*refused));
	const struct end_reason *why = &order->reason;

	*refused = (struct stock_refused){order->id, why->code, why->detail, why->product_id, .stock = {0}};
	return refused;
}

/* ---- which event is told how ---- */

/* Every event that use/advance.c can write into a history. */
/* clang-format off */
static const struct retelling {
	int type;
	const struct schema *schema;
	const void *(*tell)(const struct order *order, struct arena *arena);
} retellings[] = {
	{ ORDER_PLACED,    &order_event_schema,   placed        },
	{ USER_VERIFIED,   &user_verified_schema, user_answered },
	{ USER_REFUSED,    &user_refused_schema,  user_answered },
	{ STOCK_RESERVED,  &held_schema,          stock_held    },
	{ STOCK_REFUSED,   &stock_refused_schema, stock_refused },
	{ ORDER_CONFIRMED, &order_event_schema,   ended         },
	{ ORDER_REJECTED,  &order_event_schema,   ended         },
	{ ORDER_EXPIRED,   &order_event_schema,   ended         },
	{ ORDER_CANCELLED, &order_event_schema,   ended         },
};
/* clang-format on */

bool order_retell(const struct order *order, const struct order_step *step, struct arena *arena,
		  struct publish_span *ret_told)
{
	int type = contract_find(&comanda_contract, step->event, 0);

	for (size_t i = 0; i < sizeof(retellings) / sizeof(retellings[0]); i++)
		if (retellings[i].type == type) {
			*ret_told = (struct publish_span){
				.type = &comanda_contract.types[type],
				.schema = retellings[i].schema,
				.data = retellings[i].tell(order, arena),
			};
			return true;
		}
	return false;
}
