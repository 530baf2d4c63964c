/* What svc-products reads: one reader per message, named by the table in handlers.c. */
#ifndef PRODUCTS_QUERIES_QUERIES_H
#define PRODUCTS_QUERIES_QUERIES_H

#include "comanda/service.h"

read_function get_products;  /* products.get: from the cache, and what is missing there from the database */
read_function list_products; /* products.list: newest first, filtered by words and status */

#endif
