/* What a service remembers of events: handled when, counted how often. An event that its inbox claimed has a row of its
 * own in inbox_events; those that aggregates remember (`idempotent` in runtime/include/comanda/service.h) have one
 * together, by the turn that heard them, in processed_events. Both are called claims here. */
#ifndef CTL_LIB_DEDUP_ADMIN_H
#define CTL_LIB_DEDUP_ADMIN_H

#include "core/schema.h"
#include "postgres/db.h"

/* Whether the service_name keeps an inbox of events. users answers from what it reads, and changes nothing. */
bool dedup_is_kept(const char *service_name);

/* When each was first claimed; INT_ABSENT: it was not. `since_us`: of claims that have no row of their own, those from
 * then on are enough, which is quicker to see where the events are old; INT_ABSENT: all. False after saying what the
 * database said, as below. */
bool dedup_look(struct db *db, const struct uuid *ids, size_t count, int64_t since_us, int64_t *ret_claimed_us);
/* Forgets those that were claimed no later than the moment beside them (INT64_MAX: whenever), and their attempts: a
 * copy that comes in is decided anew. What an aggregate itself remembers, it goes on remembering. */
bool claims_forget(struct db *db, const struct uuid *ids, const int64_t *no_later_us, size_t count);
/* How many dead letters are written and not known to have arrived in the broker. */
bool claims_letters_open(struct db *db, int64_t *ret_count);

#endif
