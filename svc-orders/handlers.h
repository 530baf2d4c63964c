/* What svc-orders does with each message: one table per consumer. Each table ends with an empty row. */
#ifndef ORDERS_HANDLERS_H
#define ORDERS_HANDLERS_H

#include "comanda/service.h"

extern const struct handler orders_queries[];
extern const struct handler orders_commands[];
extern const struct handler orders_events[];

#endif
