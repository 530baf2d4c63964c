/* The order saga as a table. A (state, event) pair that is not listed changes nothing. */
#include "orders/domain/saga.h"

#include "orders/domain/order.h"

/* clang-format off */
const struct saga_rule saga_rules[] = {
	/* state       event     next        publish            */

	/* Users and products answer in any order. Both must agree. */
	{ PENDING,    USER_OK,  USER_KNOWN, PUBLISH_NOTHING   },
	{ PENDING,    STOCK_OK, STOCK_HELD, PUBLISH_NOTHING   },
	{ USER_KNOWN, STOCK_OK, CONFIRMED,  PUBLISH_CONFIRMED },
	{ STOCK_HELD, USER_OK,  CONFIRMED,  PUBLISH_CONFIRMED },

	/* One refusal is enough. */
	{ PENDING,    USER_NO,  REJECTED,   PUBLISH_REJECTED  },
	{ STOCK_HELD, USER_NO,  REJECTED,   PUBLISH_REJECTED  },
	{ PENDING,    STOCK_NO, REJECTED,   PUBLISH_REJECTED  },
	{ USER_KNOWN, STOCK_NO, REJECTED,   PUBLISH_REJECTED  },

	/* No order waits without limit. */
	{ PENDING,    DEADLINE, EXPIRED,    PUBLISH_EXPIRED   },
	{ USER_KNOWN, DEADLINE, EXPIRED,    PUBLISH_EXPIRED   },
	{ STOCK_HELD, DEADLINE, EXPIRED,    PUBLISH_EXPIRED   },

	/* An order can be cancelled until it is confirmed. */
	{ PENDING,    CANCEL,   CANCELLED,  PUBLISH_CANCELLED },
	{ USER_KNOWN, CANCEL,   CANCELLED,  PUBLISH_CANCELLED },
	{ STOCK_HELD, CANCEL,   CANCELLED,  PUBLISH_CANCELLED },

	/* Stock was reserved after the order had ended. The end is published again, so that products releases the stock. */
	{ REJECTED,   STOCK_OK, REJECTED,   PUBLISH_REJECTED  },
	{ EXPIRED,    STOCK_OK, EXPIRED,    PUBLISH_EXPIRED   },
	{ CANCELLED,  STOCK_OK, CANCELLED,  PUBLISH_CANCELLED },

	/* Products still holds a reservation and asks. The end is published again, and products sells or releases the stock. */
	{ CONFIRMED,  OVERDUE,  CONFIRMED,  PUBLISH_CONFIRMED },
	{ REJECTED,   OVERDUE,  REJECTED,   PUBLISH_REJECTED  },
	{ EXPIRED,    OVERDUE,  EXPIRED,    PUBLISH_EXPIRED   },
	{ CANCELLED,  OVERDUE,  CANCELLED,  PUBLISH_CANCELLED },
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

const char *const saga_publication_names[] = {
	[PUBLISH_NOTHING] = NULL,
	[PUBLISH_CONFIRMED] = "order.confirmed",
	[PUBLISH_REJECTED] = "order.rejected",
	[PUBLISH_EXPIRED] = "order.expired",
	[PUBLISH_CANCELLED] = "order.cancelled",
};

const struct saga_rule *saga_rule_for(enum order_state state, enum saga_event event)
{
	for (size_t i = 0; i < saga_rule_count; i++)
		if (saga_rules[i].state == state && saga_rules[i].event == event)
			return &saga_rules[i];
	return NULL;
}

bool saga_ended(enum order_state state)
{
	return state >= CONFIRMED;
}

const struct saga_rule *saga_apply(struct order *order, enum saga_event event, int64_t now_us)
{
	const struct saga_rule *rule = saga_rule_for(order->state, event);

	if (rule == NULL || rule->next == order->state)
		return rule;
	order->state = rule->next;
	order->version++;
	order->updated_us = now_us;
	return rule;
}
