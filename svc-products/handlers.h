/* What svc-products does with each message. */
#ifndef PRODUCTS_HANDLERS_H
#define PRODUCTS_HANDLERS_H

#include "comanda/service.h"

/* One table a kind of consumer; each ends with an empty row. */
extern const struct handler products_queries[], products_commands[], products_events[];

#endif
