/* What svc-orders tells of its orders in /metrics. */
#ifndef ORDERS_STORE_ORDERS_METRICS_H
#define ORDERS_STORE_ORDERS_METRICS_H

#include "comanda/service.h"

/* Read from the tables now and then. */
extern const struct db_gauge orders_gauges[];

/* An order was saved. */
void orders_saved(const void *order, int64_t now_us);

#endif
