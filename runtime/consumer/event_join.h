/* The event join: two events about one aggregate, from two services, are decided in one batch. That costs one load and
 * one save instead of two. Each is the partner event of the other.
 *
 * Under load, an event without its partner event waits for at most the consumer's `join_timeout_us`. It is neither
 * decided nor acknowledged, so the broker delivers it again if the process ends. Without load no event waits. */
#ifndef CONSUMER_EVENT_JOIN_H
#define CONSUMER_EVENT_JOIN_H

#include "consumer/consumer.h"

/* A delivery with its decoded events, until it is acknowledged. */
struct held_delivery {
	struct arena arena;
	struct delivery delivery;
	struct item *waiting; /* those of its events that wait, in its arena */
	size_t waiting_count;
	int64_t until_us; /* the latest that they may wait (monotonic) */
};

/* Whether the consumer joins events. If not, nothing below is called. */
bool event_join_enabled(const struct consumer *consumer);

/* A batch begins: frees what the last batch has settled, and puts the events that wait into the batch. Events of a
 * channel that is gone are dropped: the broker delivers them again. */
void event_join_begin(struct consumer *consumer);
/* Where the next delivery and what is read of it must live. */
struct arena *event_join_arena(struct consumer *consumer);
/* That delivery has come, as the last of the batch. */
void event_join_delivered(struct consumer *consumer);
/* The batch is fetched: takes the events that must wait out of it. True: nothing is left to do, not even the
 * acknowledgement of a delivery. */
bool event_join_split(struct consumer *consumer);
/* How long the fetch may wait for its first delivery, at most `most_us`. */
int64_t event_join_wait_us(const struct consumer *consumer, int64_t most_us);
/* Acknowledges those deliveries of the batch of which no event waits. */
must_check enum status event_join_ack(struct consumer *consumer);
void event_join_done(struct consumer *consumer);

#endif
