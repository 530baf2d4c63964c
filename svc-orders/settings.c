/* The settings of svc-orders, as --help shows them. */
#include "orders/settings.h"

/* clang-format off */
#define ROW(name_, type_, ...) SETTING(name_, type_, struct orders_settings, __VA_ARGS__)

const struct setting orders_settings_table[] = {
	SERVICE_SETTINGS(struct orders_settings),
	ROW("COMANDA_ORDER_DEADLINE",     SET_DURATION, place.deadline_us, "10m",    SECOND_US, 7 * DAY_US, "how long an order waits for users and products before it expires"),
	ROW("COMANDA_ORDERS_PENDING_MAX", SET_INT,      pending_max,       "100000", 1,         100000000,  "no more orders are accepted (503) while so many are pending"),
	{0},
};
/* clang-format on */
