/* What the query consumer answers. */
#ifndef PRODUCTS_QUERIES_QUERIES_H
#define PRODUCTS_QUERIES_QUERIES_H

#include "comanda/service.h"

read_function get_products;  /* PRODUCTS_GET: from the cache, and what it lacks from the database */
read_function list_products; /* PRODUCTS_LIST: newest first, by words and status */

#endif
