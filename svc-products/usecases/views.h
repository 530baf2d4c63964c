/* Products and stock between the domain's structs (product.h) and the contract's (messages.h). */
#ifndef PRODUCTS_USECASES_VIEWS_H
#define PRODUCTS_USECASES_VIEWS_H

#include "products/domain/product.h"
#include "proto/messages.h"

/* The product as REST and events show it. Texts are shared, not copied. */
struct product_view product_view_of(const struct product *product);
/* Its stock as events about orders show it. */
struct stock_level stock_level_of(const struct product *product);

#endif
