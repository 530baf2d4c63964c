/* The settings of svc-orders, as --help shows them. */
#include "orders_settings.h"

const struct setting orders_settings_table[] = {
	SERVICE_SETTINGS(struct orders_settings),
	{"COMANDA_ORDER_DEADLINE", SET_DURATION, offsetof(struct orders_settings, place.deadline_us), "10m", SECOND_US,
	 7 * DAY_US, "how long an order waits for users and products before it expires"},
	{0},
};
