/* Writes the outputs of decisions as events into an outbox batch. */
#ifndef STORE_EVENT_WRITER_H
#define STORE_EVENT_WRITER_H

#include "store/item.h"
#include "store/outbox.h"
#include "store/txn.h"

/* `causes`: the items that were decided; an output's `item` is an index into them. Records the subject of an
 * output in its cause, for logs and traces, where the cause has none. */
void write_events(struct txn *txn, struct outbox_batch *batch, const struct unit *unit, struct item *causes);

#endif
