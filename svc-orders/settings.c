/* The settings of svc-orders, as --help shows them. */
#include "orders/settings.h"

const struct setting orders_settings_table[] = {
	SERVICE_SETTINGS(struct orders_settings),
	{"COMANDA_ORDER_DEADLINE", SET_DURATION, offsetof(struct orders_settings, place.deadline_us), "10m", SECOND_US,
	 7 * DAY_US, "how long an order waits for users and products before it expires"},
	{"COMANDA_ORDERS_PENDING_MAX", SET_INT, offsetof(struct orders_settings, pending_max), "100000", 1, 100000000,
	 "no more orders are accepted (503) while so many are pending"},
	{0},
};
