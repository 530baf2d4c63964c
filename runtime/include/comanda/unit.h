/* What a decision sees: messages, aggregates, ids, times, statuses, and memory that lives as long as the unit of work.
 *
 * A service's domain/ and usecases/ include this header and no other header of the runtime. It gives no access to a
 * database, a broker, a clock or JSON, so what includes it stays pure. */
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
