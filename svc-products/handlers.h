/* What svc-products does with each message: one table per consumer. Each table ends with an empty row. */
#ifndef PRODUCTS_HANDLERS_H
#define PRODUCTS_HANDLERS_H

#include "comanda/service.h"

extern const struct handler products_queries[];
extern const struct handler products_commands[];
extern const struct handler products_events[];

#endif
