/* What svc-orders listens to: one table a consumer. */
#ifndef ORDERS_HANDLERS_H
#define ORDERS_HANDLERS_H

#include "comanda/service.h"

extern const struct handler orders_queries[];
extern const struct handler orders_commands[];
extern const struct handler orders_events[];

#endif
