/* Reads and deletes a service's records of processed events.
 *
 * A service records an event in one of two tables. A handler that is not idempotent has a row per event in
 * inbox_events. Idempotent handlers have a row per batch in processed_events, with the ids of the batch's events. */
#ifndef CTL_LIB_DEDUP_ADMIN_H
#define CTL_LIB_DEDUP_ADMIN_H

#include "core/schema.h"
#include "postgres/db.h"

/* All functions return false after an error message with what the database said. */

/* When each event was first processed; INT_ABSENT: not yet. `since_us`: rows of processed_events that are older need
 * not be read, which is faster where the events are old; INT_ABSENT: read all that can hold them. */
bool dedup_find(struct db *db, const struct uuid *ids, size_t count, int64_t since_us, int64_t *ret_processed_us);

/* Deletes the records of these events, and their counts of attempts. A record that is younger than the time in
 * `no_later_us` stays (INT64_MAX: any age). After this the service processes a new copy of the event again. An
 * aggregate that itself knows the event still ignores the copy. */
bool dedup_forget(struct db *db, const struct uuid *ids, const int64_t *no_later_us, size_t count);

/* How many dead letters wait in the service's outbox. They may not have reached the broker yet. */
bool unsent_dead_letters(struct db *db, int64_t *ret_count);

#endif
