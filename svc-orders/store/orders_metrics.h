/* The metrics of orders. */
#ifndef ORDERS_STORE_ORDERS_METRICS_H
#define ORDERS_STORE_ORDERS_METRICS_H

#include "comanda/service.h"

/* Gauges from SQL, for struct service. */
extern const struct db_gauge orders_gauges[];

/* Counts an order that has ended: the `saved` function of its store. */
void orders_saved(const void *order, int64_t now_us);

#endif
