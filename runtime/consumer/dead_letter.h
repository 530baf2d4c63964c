/* What becomes of an event that cannot be processed: a dead letter, or a retry later. Both are rows of the outbox. */
#ifndef CONSUMER_DEAD_LETTER_H
#define CONSUMER_DEAD_LETTER_H

#include "consumer/consumer.h"

/* The event as it came, to the queue <prefix>.dead, with what is wrong with it in its headers. */
void write_dead_letter(struct consumer *consumer, struct outbox_batch *batch, const struct item *item,
		       const struct refusal *refusal);
/* The event as it came, back to the consumer's own queue after a pause. After ten minutes it becomes a dead letter. For
 * a type that a newer build may know. */
void write_retry_later(struct consumer *consumer, struct outbox_batch *batch, const struct item *item,
		       const struct refusal *refusal);
/* A dead letter in a transaction of its own, together with the event's inbox row. The item is done. */
must_check enum status write_dead_letter_alone(struct consumer *consumer, struct item *item,
					       const struct refusal *refusal);

#endif
