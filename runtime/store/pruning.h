/* Retention: no table grows for ever. */
#ifndef STORE_PRUNING_H
#define STORE_PRUNING_H

#include "consumer/engine.h"

/* Deletes a bounded number of rows that are older than they need to be, from every table that has a row in a retention
 * table. Returns how long to wait before the next time: short while there is more to do. */
int64_t prune(struct db *db, const struct engine *engine);

#endif
