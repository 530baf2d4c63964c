/* Deadlines: notes that a service sends to its own queue when they are due, again with growing pauses until they are
 * cleared. Only settling clears one, so a lost note cannot leave anything waiting for ever.
 *
 * A deadline begins in the row of the turn that set it (deadline_batches), with the others of that turn, and gets a row
 * of its own (deadlines) when it still waits a second later: store/deadline_promotion.h. */
#ifndef STORE_DEADLINES_H
#define STORE_DEADLINES_H

#include "comanda/service.h"
#include "store/outbox.h"

/* Queues what the unit's decisions said of deadlines: statements whose results deadlines_save_read takes. `optimistic`:
 * what is set is taken to be new, and fetched in a row of the turn where the service can say later what of it still
 * waits (service.h: struct deadline_source); E_RETRY from the result says that something was not new. */
void deadlines_save_send(struct db *db, const struct service *service, struct unit *unit, bool optimistic);
must_check enum status deadlines_save_read(struct db *db, const struct service *service, struct unit *unit,
					   bool optimistic);

/* Re-arms what is due, and puts a note for each into the batch, addressed to `queue`. */
must_check enum status deadlines_due(struct db *db, const struct contract *contract, const char *queue,
				     struct outbox_batch *batch);

/* How many are open: those with rows of their own, counted no further than `most`, and the young ones of turns' rows,
 * cleared or not. */
must_check enum status deadlines_open(struct db *db, int64_t most, int64_t *ret_open);

#endif
