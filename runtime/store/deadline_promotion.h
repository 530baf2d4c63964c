/* Promotion: a deadline that is still pending a second after its batch gets a row of its own in `deadlines`. Several
 * replicas may do this at a time. What fails is tried again by the next call. */
#ifndef STORE_DEADLINE_PROMOTION_H
#define STORE_DEADLINE_PROMOTION_H

#include "comanda/service.h"

/* Takes rows of batches that are older than a second or have a deadline that is due. The oldest come first; one call
 * takes at most some thousands. */
void promote_deadlines(struct db *db, const struct service *service);
/* Takes all rows, whatever their age. For a relay that stops: an older build, which may follow, does not read them.
 * Waits at most `wait_us` for subjects that are locked. */
void promote_all_deadlines(struct db *db, const struct service *service, int64_t wait_us);

#endif
