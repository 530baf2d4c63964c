/* Promotion: about a second after its batch, a deadline whose subject is still pending moves from the table
 * deadline_batches to the table deadlines. Several replicas may do this at the same time. After a failure the next call
 * tries again. */
#ifndef STORE_DEADLINE_PROMOTION_H
#define STORE_DEADLINE_PROMOTION_H

#include "comanda/service.h"

/* Takes rows of deadline_batches that are older than a second or hold a due deadline, oldest first. One call takes at
 * most 2000 rows per type. */
void promote_deadlines(struct db *db, const struct service *service);
/* Takes all rows of deadline_batches, whatever their age. For a relay that stops: an older build, which may follow,
 * does not read them. Waits at most `wait_us` for subjects that are locked. */
void promote_all_deadlines(struct db *db, const struct service *service, int64_t wait_us);

#endif
