/* What svc-products decides: one function per message, named by the tables in handlers.c. All decisions are pure
 * (comanda/unit.h). */
#ifndef PRODUCTS_USECASES_DECISIONS_H
#define PRODUCTS_USECASES_DECISIONS_H

#include "products/domain/product.h"
#include "products/domain/reservation.h"
#include "proto/messages.h"

/* The name in derived ids, and the broker's user. */
#define PRODUCTS_SERVICE "svc-products"

/* ---- aggregates, in locking order ---- */

/* The id of a reservation is the id of its order. A SKU claim is loaded by its own id or by the id of the product that
 * holds it. */
extern const struct aggregate product_kind;     /* struct product */
extern const struct aggregate sku_claim_kind;   /* struct sku_claim */
extern const struct aggregate reservation_kind; /* struct reservation */

/* ---- what a message touches ---- */

keys_function create_keys; /* products.create: the SKU */
keys_function change_keys; /* products.change: the product, its SKU, the new SKU */
keys_function product_key; /* products.withdraw, products.adjust_stock: the product */
keys_function placed_keys; /* order.placed: the reservation, a new one, and the products of its lines */
keys_function order_keys;  /* the other order.*: the same, of an existing reservation */
keys_function timer_key;   /* reservation.deadline: the reservation */

/* ---- the catalogue ----
 *
 * Each decision checks the caller itself and does not rely on the edge. Each replies with the product after the
 * request. Refusals: unauthenticated, forbidden, not_found, version_mismatch (If-Match), sku_taken,
 * stock_below_reserved, and invalid for a stock figure out of bounds. */

decide_function create_product;
/* A request that changes nothing makes no version and no event. A new price or currency applies to later orders. */
decide_function change_product;
/* Idempotent. The product keeps its SKU, because it can be sold again later. */
decide_function withdraw_product;
decide_function adjust_stock;

/* ---- the stock of orders: each order has one reservation, whichever event comes first ---- */

/* How long after its order's deadline a reservation may still be held, before products asks for the order's state. */
#define RESERVATION_GRACE_US (60 * SECOND_US)

/* order.placed → stock.reserved or stock.refused. Stale if the order has expired or has a reservation. */
decide_function reserve_order;
/* order.confirmed → stock.sold. */
decide_function sell_order;
/* order.rejected, order.expired, order.cancelled → stock.released; a tombstone if there is no reservation. */
decide_function release_order;
/* reservation.deadline → reservation.overdue, if the reservation is still held. */
decide_function check_overdue;

#endif
