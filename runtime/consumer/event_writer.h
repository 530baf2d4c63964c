/* Letters: what a turn writes to the outbox. Events, dead letters, messages to look at later. */
#ifndef CONSUMER_EVENT_WRITER_H
#define CONSUMER_EVENT_WRITER_H

#include "consumer/consumer.h"

/* Everything that the unit's decisions said, as events. */
void write_events(struct consumer *consumer, struct outbox_batch *batch, const struct unit *unit);

/* The event as it came, to <house>.dead, with what is wrong with it in its headers. */
void write_dead_letter(struct consumer *consumer, struct outbox_batch *batch, const struct item *item,
		       const struct refusal *refusal);
/* The event as it came, back to our own queue after a pause; dead after ten minutes of that. For what a newer build may
 * know. */
void write_retry_later(struct consumer *consumer, struct outbox_batch *batch, const struct item *item,
		       const struct refusal *refusal);
/* The same dead letter in a transaction of its own, together with the event's claim. The item is done. */
must_check enum status write_dead_letter_alone(struct consumer *consumer, struct item *item,
					       const struct refusal *refusal);

#endif
