/* Deadlines: a service sends a timer to its own queue when a deadline is due. It sends the timer again, with growing
 * pauses, until the deadline is cleared. Only the decision that settles a subject clears its deadline, so a lost timer
 * leaves nothing pending for ever.
 *
 * A deadline begins in a row of deadline_batches, with the other deadlines of its batch. If it is still pending a
 * second later, it gets a row of its own in deadlines: store/deadline_promotion.h. */
#ifndef STORE_DEADLINES_H
#define STORE_DEADLINES_H

#include "store/outbox.h"
#include "store/txn.h"

/* Queues the deadlines that the unit's decisions set and clear. `optimistic`: deadlines that are set are taken for new.
 * Those of new aggregates go into one row of the batch, if the service has a struct deadline_source for them. E_RETRY
 * from the flush: one was not new. */
void deadlines_save(struct txn *txn, struct unit *unit, bool optimistic);

/* Arms the deadlines that are due for their next time, and puts a timer for each into the batch, addressed to `queue`.
 */
must_check enum status deadlines_due(struct db *db, const struct contract *contract, const char *queue,
				     struct outbox_batch *batch);

/* How many are pending. Counts those with rows of their own, up to `most`, and all in rows of batches, cleared or not.
 */
must_check enum status deadlines_count(struct db *db, int64_t most, int64_t *ret_count);

#endif
