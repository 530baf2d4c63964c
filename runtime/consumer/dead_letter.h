/* Dead letters and later retries of events that cannot be processed now. Both are outbox rows. */
#ifndef CONSUMER_DEAD_LETTER_H
#define CONSUMER_DEAD_LETTER_H

#include "consumer/consumer.h"

/* Adds the unchanged event to the batch, addressed to <prefix>.dead. Its headers state the reason. */
void write_dead_letter(struct consumer *consumer, struct outbox_batch *batch, const struct item *item,
		       const struct refusal *refusal);
/* Sends the unchanged event back to its queue after 15 seconds. E_BUSY and E_UNKNOWN_TYPE use it. After ten minutes it
 * writes a dead letter instead. */
void write_retry_later(struct consumer *consumer, struct outbox_batch *batch, const struct item *item,
		       const struct refusal *refusal);
/* Writes a dead letter and the event's inbox row in a transaction of their own. OK: the item is done. */
must_check enum status write_dead_letter_alone(struct consumer *consumer, struct item *item,
					       const struct refusal *refusal);

#endif
