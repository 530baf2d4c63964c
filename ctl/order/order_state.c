/* Texts and colours of states. */
#include "ctl/order/order_state.h"

enum tint order_state_tint(enum order_state state)
{
	if (!saga_ended(state))
		return TINT_NOTICE;
	return state == CONFIRMED ? TINT_GOOD : TINT_BAD;
}

const char *order_state_waits_for(enum order_state state)
{
	static const char *const names[ORDER_STATES] = {
		[PENDING] = "users and products",
		[USER_KNOWN] = "products",
		[STOCK_HELD] = "users",
	};

	return names[state];
}
