/* The settings of svc-orders: its own and those of every service. */
#ifndef ORDERS_SETTINGS_H
#define ORDERS_SETTINGS_H

#include "comanda/service.h"
#include "orders/usecases/decisions.h"

struct orders_settings {
	struct service_settings service;
	struct place_settings place;
	int64_t pending_max;
};

extern const struct setting orders_settings_table[];

#endif
