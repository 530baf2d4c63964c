/* The relay: a thread that sends what the consumers have written to the outbox, and sweeps up what was left behind.
 *
 * Parcels come in memory from the consumers, right after their commit; a sweep twice a second claims rows that are due
 * without having been deleted: after a crash, a refusal by the broker, or when the relay's hands were full. What waits
 * together for one routing key travels together, as a CloudEvents batch. */
#ifndef RELAY_OUTBOX_RELAY_H
#define RELAY_OUTBOX_RELAY_H

#include "consumer/engine.h"
#include "store/outbox.h"

struct outbox_relay;

must_check enum status outbox_relay_start(struct engine *engine, struct outbox_relay **ret_relay);
/* Sends what it has, waits for the confirms (bounded by the shutdown setting), gives deadlines rows of their own, ends
 * the thread. */
void outbox_relay_stop(struct outbox_relay *relay);

/* Takes over a batch whose rows are committed. Clears *batch. */
void outbox_relay_submit(struct outbox_relay *relay, struct outbox_batch **batch);

/* Sends rows that are in no outbox. The batch stays the caller's, who must not touch it until outbox_relay_wait says
 * so. */
void outbox_relay_submit_and_keep(struct outbox_relay *relay, struct outbox_batch *batch);
/* Waits at most `wait_us` for a lent batch. OK: every row has arrived; E_UNAVAILABLE: not all of them did, lend it
 * again; E_TIMEOUT: not known yet, call again. */
must_check enum status outbox_relay_wait(struct outbox_relay *relay, struct outbox_batch *batch, int64_t wait_us);

bool outbox_relay_ready(const struct outbox_relay *relay);
/* How old the oldest event is that should have been sent, as the last sweep saw it. */
int64_t outbox_relay_backlog_age(const struct outbox_relay *relay);
/* Whether as many deadlines are open as the program's setting allows (open_max_setting). Looked at every second. */
bool outbox_relay_at_capacity(const struct outbox_relay *relay);

#endif
