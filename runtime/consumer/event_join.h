/* Events that come two by two about one aggregate, from two services: both in one turn cost one load and one save
 * instead of two.
 *
 * Where much comes at once, one that has come without the other stays in the lane's hands, neither decided nor
 * acknowledged, until the other has come too, for at most the lane's `pair_us`. To the broker that is a message under
 * way like any other: should the program die, it is delivered again. Where little comes nobody waits here (see
 * `may_wait_us` for that). */
#ifndef RT_PAIRS_H
#define RT_PAIRS_H

#include "consumer/consumer.h"

/* A delivery, and what was read of it: both live until it is acknowledged. */
struct arrival {
	struct arena arena;
	struct delivery delivery;
	struct item *waiting; /* those of its events that wait, in its arena */
	size_t waiting_count;
	int64_t until_us; /* for how long (steady) */
};

/* Does this lane's plan ask for pairs? Nothing below is called where it does not. */
bool pairs_on(const struct lane *lane);

/* A batch begins: gives back what the last turn has settled, and puts what waits into the batch. What waited on a
 * channel that is gone is forgotten: the broker delivers it again. */
void pairs_begin(struct lane *lane);
/* Where the next delivery and what is read of it should live; then that it has come, as the batch's last. */
struct arena *pairs_arena(struct lane *lane);
void pairs_arrived(struct lane *lane);
/* The batch is gathered: takes out of it what should wait. True: nothing is left, not even a delivery that is done. */
bool pairs_part(struct lane *lane);
/* For how long the first delivery may be waited for, at most `most_us`. */
int64_t pairs_patience(const struct lane *lane, int64_t most_us);
/* Of the batch's deliveries, acknowledges those of which nothing waits. */
must_check enum status pairs_ack(struct lane *lane);
void pairs_done(struct lane *lane);

#endif
