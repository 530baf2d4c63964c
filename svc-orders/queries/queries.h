/* What svc-orders can be asked: one reader a message, named by the table in handlers.c. */
#ifndef ORDERS_QUERIES_QUERIES_H
#define ORDERS_QUERIES_QUERIES_H

#include "comanda/service.h"

enum status read_orders(struct txn *txn, struct query **queries, size_t count);
enum status read_order_lists(struct txn *txn, struct query **queries, size_t count);
enum status read_timelines(struct txn *txn, struct query **queries, size_t count);

#endif
