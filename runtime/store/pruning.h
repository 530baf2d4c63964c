/* Pruning: no table grows without end. */
#ifndef STORE_PRUNING_H
#define STORE_PRUNING_H

#include "comanda/service.h"

/* Deletes rows that are older than they must be kept: a bounded number from every table with a retention. Returns how
 * long to wait before the next time: short while there is more to do. */
int64_t prune(struct db *db, const struct service *service, const struct service_settings *settings,
	      const void *program_settings);

#endif
