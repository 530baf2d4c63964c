/* What svc-orders reads: one reader per message, named by the table in handlers.c. */
#ifndef ORDERS_QUERIES_QUERIES_H
#define ORDERS_QUERIES_QUERIES_H

#include "comanda/service.h"

read_function get_orders;    /* orders.get: the owner and admins */
read_function list_orders;   /* orders.list: the caller's own orders; admins: all */
read_function get_timelines; /* orders.timeline: the owner and admins */

#endif
