/* Deadlines: notes that a service sends to its own queue when they are due, again with growing pauses until they are
 * cleared. Only settling clears one, so a lost note cannot leave anything waiting for ever. */
#ifndef RT_DEADLINES_H
#define RT_DEADLINES_H

#include "outbox.h"
#include "unit.h"

/* Queues what the unit's decisions said of deadlines: statements whose results deadlines_save_read takes. `hopeful`:
 * what is set is taken to be new; E_REDO from the result says that something was not. */
void deadlines_save_send(struct db *db, const struct contract *contract, const struct unit *unit, bool hopeful);
must_check enum status deadlines_save_read(struct db *db, const struct contract *contract, const struct unit *unit);

/* Re-arms what is due, and puts a note for each into the parcel, addressed to `queue`. */
must_check enum status deadlines_due(struct db *db, const struct contract *contract, const char *queue,
				     struct parcel *parcel);

/* How many are open, counted no further than `most`. */
must_check enum status deadlines_open(struct db *db, int64_t most, int64_t *ret_open);

#endif
