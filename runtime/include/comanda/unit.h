/* What a decision sees: messages, aggregates, ids, times, statuses, and memory that lives as long as the unit of work.
 *
 * A service's domain/ and usecases/ include this header and no other header of the runtime. It gives no access to a
 * database, a broker or JSON. A decision takes the time from unit_now and new ids from unit_id. It never calls
 * timestamp_now or uuid_new, so the same input always gives the same decision. */
#ifndef COMANDA_UNIT_H
#define COMANDA_UNIT_H

#include "core/memory.h"
#include "core/message.h"
#include "core/schema.h"
#include "core/status.h"
#include "core/timestamp.h"
#include "core/uuid.h"
#include "unit/unit.h"

#endif
