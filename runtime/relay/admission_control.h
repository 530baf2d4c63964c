/* Admission control: new sagas begin only as fast as sagas end.
 *
 * A deadline that a batch sets is a saga that begins. A deadline that a batch clears is a saga that ends. While more
 * than `max_pending` are pending, command consumers pause, so that event consumers catch up.
 *
 * This slows new sagas down and sets no fixed limit. It counts the sagas that this process has begun and ended. Once a
 * second the relay lowers the count to the number in the database. If no saga ends, because another service is away, no
 * consumer pauses. */
#ifndef RELAY_ADMISSION_CONTROL_H
#define RELAY_ADMISSION_CONTROL_H

#include <stdatomic.h>

#include "core/timestamp.h"
#include "unit/unit.h"

struct admission {
	int64_t max_pending;
	atomic_llong pending;  /* begun and not ended */
	atomic_llong ended_at; /* when the last one ended; monotonic */
};

void admission_init(struct admission *admission, int64_t max_pending);
/* Counts what a committed batch has begun and ended. */
void admission_count(struct admission *admission, const struct unit *unit);
/* Lowers the count to `pending`, which the database has. This mends what was miscounted when a replica died. */
void admission_cap(struct admission *admission, int64_t pending);
/* Must a command consumer pause before it fetches more? Ask again after a millisecond. `since_us` is when its pause
 * began (monotonic). */
bool admission_throttled(struct admission *admission, int64_t since_us);

#endif
