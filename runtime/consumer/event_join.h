/* Events that come two by two about one aggregate, from two services: both in one turn cost one load and one save
 * instead of two.
 *
 * Where much comes at once, one that has come without the other stays in the consumer's hands, neither decided nor
 * acknowledged, until the other has come too, for at most the consumer's `join_timeout_us`. To the broker that is a
 * message under way like any other: should the program die, it is delivered again. Where little comes nobody waits.
 */
#ifndef CONSUMER_EVENT_JOIN_H
#define CONSUMER_EVENT_JOIN_H

#include "consumer/consumer.h"

/* A delivery, and what was read of it: both live until it is acknowledged. */
struct held_delivery {
	struct arena arena;
	struct delivery delivery;
	struct item *waiting; /* those of its events that wait, in its arena */
	size_t waiting_count;
	int64_t until_us; /* for how long (steady) */
};

/* Does this consumer's plan ask for pairs? Nothing below is called where it does not. */
bool event_join_enabled(const struct consumer *consumer);

/* A batch begins: gives back what the last turn has settled, and puts what waits into the batch. What waited on a
 * channel that is gone is forgotten: the broker delivers it again. */
void event_join_begin(struct consumer *consumer);
/* Where the next delivery and what is read of it should live; then that it has come, as the batch's last. */
struct arena *event_join_arena(struct consumer *consumer);
void event_join_delivered(struct consumer *consumer);
/* The batch is fetched: takes out of it what should wait. True: nothing is left, not even a delivery that is done. */
bool event_join_split(struct consumer *consumer);
/* For how long the first delivery may be waited for, at most `most_us`. */
int64_t event_join_wait_us(const struct consumer *consumer, int64_t most_us);
/* Of the batch's deliveries, acknowledges those of which nothing waits. */
must_check enum status event_join_ack(struct consumer *consumer);
void event_join_done(struct consumer *consumer);

#endif
