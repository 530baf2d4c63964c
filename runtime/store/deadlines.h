/* Deadlines: a service sends a timer to its own queue when a deadline is due. It sends the timer again, with growing
 * pauses, until the deadline is cleared. The decision that ends a subject clears it, so a lost timer leaves no subject
 * pending for ever.
 *
 * The first try of a batch writes one row per deadline type to the table deadline_batches. That row holds the deadlines
 * of all aggregates that the batch creates. About a second later, promotion reads the row. It moves deadlines whose
 * subject is pending to the table deadlines, and discards the others (store/deadline_promotion.h). So clearing a
 * deadline deletes from the table deadlines only. */
#ifndef STORE_DEADLINES_H
#define STORE_DEADLINES_H

#include "store/outbox.h"
#include "store/txn.h"

/* Queues the deadlines that the unit's decisions set and clear. `optimistic`: the insert assumes that they are new.
 * Deadlines of aggregates that this batch creates go to deadline_batches, if the service has a struct deadline_source
 * for their type. All others go to deadlines. E_RETRY from the flush: one was not new. */
void deadlines_save(struct txn *txn, struct unit *unit, bool optimistic);

/* For each due deadline: sets its next due time, and adds a timer to the batch, addressed to `queue`. */
must_check enum status deadlines_due(struct db *db, const struct contract *contract, const char *queue,
				     struct outbox_batch *batch);

/* Counts the rows of deadlines, up to `most`, and all deadlines in deadline_batches. The latter may be cleared already.
 */
must_check enum status deadlines_count(struct db *db, int64_t most, int64_t *ret_count);

#endif
