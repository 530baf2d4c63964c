/* Maturing: what still waits a second after the turn that set its deadline gets a row of its own in `deadlines`. More
 * than one may do this at a time. What fails is tried again by the next call. */
#ifndef STORE_DEADLINE_PROMOTION_H
#define STORE_DEADLINE_PROMOTION_H

#include "comanda/service.h"

/* Takes rows of turns that are older than a second, or have a deadline that is due; the oldest first, so many. */
void promote_deadlines(struct db *db, const struct service *service);
/* Takes all, whatever their age, before a relay goes: an older build, which may come after it, would not look into
 * them. Waits no longer than that for what is locked. */
void promote_all_deadlines(struct db *db, const struct service *service, int64_t wait_us);

#endif
