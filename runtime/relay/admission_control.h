/* The pace of a service: no more is begun than is brought to its end. A deadline that was set is something begun, one
 * that was cleared is ended; while much is open, command consumers rest so that event consumers catch up.
 *
 * This is a brake, no bound: what is counted is what this process has begun and ended, and what its replicas have told
 * it of themselves (relay/admission_sync.h), a tenth of a second late. Where nothing ends (another service is away),
 * nobody rests. */
#ifndef RELAY_ADMISSION_CONTROL_H
#define RELAY_ADMISSION_CONTROL_H

#include <stdatomic.h>

#include "core/timestamp.h"
#include "core/unit.h"

struct admission {
	int64_t max_pending;
	atomic_llong open, ended_at; /* of all replicas */
	atomic_llong begun, ended;   /* by this process, since its start */
};

void admission_init(struct admission *admission, int64_t max_pending);
/* What a committed turn has begun and ended. */
void admission_count(struct admission *admission, const struct unit *unit);
/* What other replicas have begun and ended. */
void admission_add_remote(struct admission *admission, int64_t begun, int64_t ended);
/* No more than so many are open, as the database has it: what was counted amiss, when a replica died, ends with that.
 */
void admission_cap(struct admission *admission, int64_t open);
/* Should a command consumer rest before it takes more? Ask again after a millisecond; `since_us` is when it began to
 * rest (steady). */
bool admission_throttled(struct admission *admission, int64_t since_us);

#endif
