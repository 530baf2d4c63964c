/* The settings of svc-orders, as --help shows them. */
#include "orders/settings.h"

const struct setting orders_settings_table[] = {
	SERVICE_SETTINGS(struct orders_settings),
	{"COMANDA_ORDER_DEADLINE", SET_DURATION, offsetof(struct orders_settings, place.deadline_us), "10m", SECOND_US,
	 7 * DAY_US, "an order expires if users and products have not answered within this time"},
	{"COMANDA_ORDERS_PENDING_MAX", SET_INT, offsetof(struct orders_settings, pending_max), "100000", 1, 100000000,
	 "new orders are refused with 503 while this many are pending"},
	{0},
};
