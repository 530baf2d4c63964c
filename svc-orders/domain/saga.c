/* The order saga as a table. A pair that is not listed changes nothing. */
#include "orders/domain/saga.h"

#include "orders/domain/order.h"

/* clang-format off */
const struct saga_rule saga_rules[] = {
	/* Users and products answer in either order. Both must agree. */
	{ PENDING,    USER_OK,  USER_KNOWN, SAY_NOTHING   },
	{ PENDING,    STOCK_OK, STOCK_HELD, SAY_NOTHING   },
	{ USER_KNOWN, STOCK_OK, CONFIRMED,  SAY_CONFIRMED },
	{ STOCK_HELD, USER_OK,  CONFIRMED,  SAY_CONFIRMED },

	/* One refusal is enough. */
	{ PENDING,    USER_NO,  REJECTED,   SAY_REJECTED  },
	{ STOCK_HELD, USER_NO,  REJECTED,   SAY_REJECTED  },
	{ PENDING,    STOCK_NO, REJECTED,   SAY_REJECTED  },
	{ USER_KNOWN, STOCK_NO, REJECTED,   SAY_REJECTED  },

	/* Nobody waits for ever. */
	{ PENDING,    DEADLINE, EXPIRED,    SAY_EXPIRED   },
	{ USER_KNOWN, DEADLINE, EXPIRED,    SAY_EXPIRED   },
	{ STOCK_HELD, DEADLINE, EXPIRED,    SAY_EXPIRED   },

	/* Until it is confirmed, it can be called off. */
	{ PENDING,    CANCEL,   CANCELLED,  SAY_CANCELLED },
	{ USER_KNOWN, CANCEL,   CANCELLED,  SAY_CANCELLED },
	{ STOCK_HELD, CANCEL,   CANCELLED,  SAY_CANCELLED },

	/* Goods were held for an order that had ended without them: the end is said again, so that products lets go. */
	{ REJECTED,   STOCK_OK, REJECTED,   SAY_REJECTED  },
	{ EXPIRED,    STOCK_OK, EXPIRED,    SAY_EXPIRED   },
	{ CANCELLED,  STOCK_OK, CANCELLED,  SAY_CANCELLED },

	/* Products still holds goods and asks: it hears the end again, then sells them or lets go. */
	{ CONFIRMED,  OVERDUE,  CONFIRMED,  SAY_CONFIRMED },
	{ REJECTED,   OVERDUE,  REJECTED,   SAY_REJECTED  },
	{ EXPIRED,    OVERDUE,  EXPIRED,    SAY_EXPIRED   },
	{ CANCELLED,  OVERDUE,  CANCELLED,  SAY_CANCELLED },
};
/* clang-format on */
const size_t saga_rule_count = sizeof(saga_rules) / sizeof(saga_rules[0]);

const char *const order_state_names[ORDER_STATES] = {
	[PENDING] = "PENDING",   [USER_KNOWN] = "USER_KNOWN", [STOCK_HELD] = "STOCK_HELD", [CONFIRMED] = "CONFIRMED",
	[REJECTED] = "REJECTED", [EXPIRED] = "EXPIRED",       [CANCELLED] = "CANCELLED",
};

const char *const saga_event_names[SAGA_EVENTS] = {
	[USER_OK] = "user.verified",       [USER_NO] = "user.refused", [STOCK_OK] = "stock.reserved",
	[STOCK_NO] = "stock.refused",      [DEADLINE] = "deadline",    [CANCEL] = "cancel",
	[OVERDUE] = "reservation.overdue",
};

const char *const saga_say_names[] = {
	[SAY_NOTHING] = NULL,
	[SAY_CONFIRMED] = "order.confirmed",
	[SAY_REJECTED] = "order.rejected",
	[SAY_EXPIRED] = "order.expired",
	[SAY_CANCELLED] = "order.cancelled",
};

const struct saga_rule *saga_rule_for(enum order_state state, enum saga_event told)
{
	for (size_t i = 0; i < saga_rule_count; i++)
		if (saga_rules[i].in == state && saga_rules[i].told == told)
			return &saga_rules[i];
	return NULL;
}

bool saga_ended(enum order_state state)
{
	return state >= CONFIRMED;
}

const struct saga_rule *saga_step(struct order *order, enum saga_event told, int64_t now_us)
{
	const struct saga_rule *rule = saga_rule_for(order->state, told);

	if (rule == NULL || rule->become == order->state)
		return rule;
	order->state = rule->become;
	order->version++;
	order->updated_us = now_us;
	return rule;
}
