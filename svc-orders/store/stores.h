/* How the order is stored in PostgreSQL: one row per order. */
#ifndef ORDERS_STORE_STORES_H
#define ORDERS_STORE_STORES_H

#include "comanda/service.h"

#define ORDER_COLUMNS                                                                                                  \
	"id, user_id, state, version, created_at, updated_at, expires_at, note, items, total_cents, currency, "        \
	"reason_code, reason_detail, reason_product_id, history"

/* Fills a zeroed struct order from a row of ORDER_COLUMNS. */
void order_read(const struct rows *rows, int row, struct arena *arena, void *ret_order);

extern const struct store order_store;

#endif
