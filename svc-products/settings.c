/* The settings of svc-products, as --help shows them. */
#include "products/settings.h"

/* clang-format off */
#define ROW(name_, type_, ...) SETTING(name_, type_, struct products_settings, __VA_ARGS__)

const struct setting products_settings_table[] = {
	SERVICE_SETTINGS(struct products_settings),
	ROW("COMANDA_REDIS_URL",             SET_SECRET,   service.redis_url,        "",    0,      0,             "redis://:password@host:port/database, in front of reads; empty: no cache"),
	/* At least a day: a row must outlive its order's deadline and every message about it that is still on its way. */
	ROW("COMANDA_RESERVATION_RETENTION", SET_DURATION, reservation_retention_us, "30d", DAY_US, 3650 * DAY_US, "how long reservations are kept after their order's end"),
	{0},
};
/* clang-format on */
