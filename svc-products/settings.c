/* The table of settings, alphabetical. */
#include "products/settings.h"

const struct setting products_setting_table[] = {
	SERVICE_SETTINGS(struct products_settings),
	{"COMANDA_REDIS_URL", SET_SECRET, offsetof(struct products_settings, service.redis_url), "", 0, 0,
	 "redis://:password@host:port/database, a cache for reads; empty: no cache"},
	/* At least a day: a row must outlive its order's deadline and every message about it that is still on its way.
	 */
	{"COMANDA_RESERVATION_RETENTION", SET_DURATION, offsetof(struct products_settings, reservation_retention_us),
	 "30d", DAY_US, 3650 * DAY_US, "how long a reservation is kept after the end of its order"},
	{0},
};
