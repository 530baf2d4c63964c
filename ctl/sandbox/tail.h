/* What happened at the end of the log while the sandbox read it, and which events were put aside.
 *
 * Services go on while a sandbox runs. A decision is in the live database at once, and its event reaches the log later.
 * So the live database is read in one snapshot, and the log is read once more after it. */
#ifndef CTL_SANDBOX_TAIL_H
#define CTL_SANDBOX_TAIL_H

#include "ctl/lib/connect.h"
#include "ctl/sandbox/history.h"

/* Begins the snapshot in which the live database is read. Then waits until the events that wait in its outbox have
 * reached the log, and reads them. False after an error message; tail_done in any case. */
bool tail_read(const struct history *history, const struct service *service, struct db *live,
	       struct log_tail *ret_tail);
void tail_done(struct log_tail *tail);

/* Marks the events of the history that are dead letters of the service. Returns how many, -1 after an error message. */
int64_t tail_mark_put_aside(struct history *history, const struct service *service);

#endif
