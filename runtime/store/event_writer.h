/* Writes what decisions said as events into an outbox batch. */
#ifndef STORE_EVENT_WRITER_H
#define STORE_EVENT_WRITER_H

#include "store/item.h"
#include "store/outbox.h"
#include "store/txn.h"

/* `causes`: the items that the unit's decisions had; an output's `item` is an index into them. Notes the subject of an
 * output in its cause, for logs and traces, where the cause has none. */
void write_events(struct txn *txn, struct outbox_batch *batch, const struct unit *unit, struct item *causes);

#endif
