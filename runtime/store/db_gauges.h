/* The gauges that a service reads from its tables. */
#ifndef STORE_DB_GAUGES_H
#define STORE_DB_GAUGES_H

#include "comanda/service.h"

/* Looks, and returns for how long not to look again. */
int64_t db_gauges_query(struct db *db, const struct db_gauge *gauges);

#endif
