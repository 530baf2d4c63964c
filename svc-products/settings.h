/* The settings of svc-products: its own and those of every service. */
#ifndef PRODUCTS_SETTINGS_H
#define PRODUCTS_SETTINGS_H

#include "comanda/service.h"

struct products_settings {
	struct service_settings service;
	int64_t reservation_retention_us;
};

extern const struct setting products_settings_table[];

#endif
