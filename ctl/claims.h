/* What a service's inbox remembers of events: claimed when, counted how often. */
#ifndef CTL_CLAIMS_H
#define CTL_CLAIMS_H

#include "db.h"
#include "shape.h"

/* Whether the house keeps an inbox of events. users answers from what it reads, and changes nothing. */
bool claims_kept(const char *house);

/* When each was claimed; INT_ABSENT: it was not. False after saying what the database said, as below. */
bool claims_look(struct db *db, const struct uuid *ids, size_t count, int64_t *ret_claimed_us);
/* Forgets those that were claimed no later than the moment beside them (INT64_MAX: whenever), and their attempts: a
 * copy that comes in is decided anew. */
bool claims_forget(struct db *db, const struct uuid *ids, const int64_t *no_later_us, size_t count);
/* How many dead letters are written and not known to have arrived in the broker. */
bool claims_letters_open(struct db *db, int64_t *ret_count);

#endif
