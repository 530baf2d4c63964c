/* The aggregates of svc-products, and which of them a message touches. */
#ifndef PRODUCTS_USECASES_AGGREGATES_H
#define PRODUCTS_USECASES_AGGREGATES_H

#include "comanda/unit.h"
#include "products/domain/product.h"
#include "products/domain/reservation.h"
#include "proto/messages.h"

/* The name in derived ids, and the broker's user. */
#define PRODUCTS_SERVICE "svc-products"

/* In locking order. The id of a reservation is the id of its order. A SKU claim is loaded by its own id or by the id of
 * the product that holds it. */
extern const struct aggregate product_kind;     /* struct product */
extern const struct aggregate sku_claim_kind;   /* struct sku_claim */
extern const struct aggregate reservation_kind; /* struct reservation */

keys_function create_keys; /* PRODUCTS_CREATE: the SKU */
keys_function change_keys; /* PRODUCTS_CHANGE: the product, its SKU, the new SKU */
keys_function product_key; /* by_id and PRODUCTS_ADJUST_STOCK: the product */
keys_function placed_keys; /* order.placed: the reservation, a new one, and the products of its lines */
keys_function order_keys;  /* the other order.*: the same, of a reservation that is there */
keys_function timer_key;   /* struct order_timer: the reservation */

/* The product as REST and events show it. Texts are shared, not copied. */
struct product_view product_view_of(const struct product *product);
/* Its stock as events about orders show it. */
struct stock_level stock_level_of(const struct product *product);

#endif
