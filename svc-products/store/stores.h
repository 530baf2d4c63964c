/* How the aggregates of svc-products are stored in PostgreSQL: one table per kind. */
#ifndef PRODUCTS_STORE_STORES_H
#define PRODUCTS_STORE_STORES_H

#include "comanda/service.h"
#include "products/domain/product.h"

extern const struct store product_store, sku_claim_store, reservation_store;

/* The columns of a product, in the order that product_read takes them. */
#define PRODUCT_COLUMNS                                                                                                \
	"id, sku, name, description, price_cents, currency, on_hand, reserved, status, created_at, updated_at, "       \
	"version, sequence"
void product_read(const struct rows *rows, int row, struct arena *arena, void *ret_product);

/* A product in the cache: its key, its view as JSON, and its sequence. */
const char *product_cache_key(const struct uuid *id, struct arena *arena);
void product_cache_value(const void *product, struct arena *arena, struct cache_entry *ret_entry);

#endif
