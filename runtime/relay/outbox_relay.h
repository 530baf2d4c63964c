/* The relay: a thread that sends what the lanes have written to the outbox, and sweeps up what was left behind.
 *
 * Parcels come in memory from the lanes, right after their commit; a sweep twice a second claims rows that are due
 * without having been deleted: after a crash, a refusal by the broker, or when the relay's hands were full. What waits
 * together for one routing key travels together, as a CloudEvents batch. */
#ifndef RT_RELAY_H
#define RT_RELAY_H

#include "consumer/engine.h"
#include "store/outbox.h"

struct relay;

must_check enum status relay_start(struct engine *engine, struct relay **ret_relay);
/* Sends what it has, waits for the confirms (bounded by the shutdown setting), gives deadlines rows of their own, ends
 * the thread. */
void relay_stop(struct relay *relay);

/* Takes over a parcel whose rows are committed. Clears *parcel. */
void relay_give(struct relay *relay, struct parcel **parcel);

/* Sends rows that are in no outbox. The parcel stays the caller's, who must not touch it until relay_await says so. */
void relay_lend(struct relay *relay, struct parcel *parcel);
/* Waits at most `wait_us` for a lent parcel. OK: every row has arrived; E_UNAVAILABLE: not all of them did, lend it
 * again; E_TIMEOUT: not known yet, call again. */
must_check enum status relay_await(struct relay *relay, struct parcel *parcel, int64_t wait_us);

bool relay_ready(const struct relay *relay);
/* How old the oldest event is that should have been sent, as the last sweep saw it. */
int64_t relay_backlog_age(const struct relay *relay);
/* Whether as many deadlines are open as the program's setting allows (open_max_setting). Looked at every second. */
bool relay_overfull(const struct relay *relay);

#endif
