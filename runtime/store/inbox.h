/* The inbox: what was handled before is not handled again.
 *
 * Of an event: a claim is a row, in an index where a second one would collide. Where the aggregates remember what they
 * were told (`idempotent` in service.h) it would find nothing that they do not: so the first try of a turn does not
 * claim such events. It only writes down, a row a turn, that they were heard, for people (`comanda order`, `comanda
 * replay`). What must not be done twice by the turn itself, dead letters and retries, is done by a later try, which
 * claims all.
 *
 * Of a request: its row holds its answer, and is written with it, at the end of the turn. There every request finds out
 * whether it was answered before: one whose answer is recorded by the insert, in which a second row collides (with that
 * of a turn that has not ended yet: waits for its end, and then collides); one whose answer is not, by a look. Then the
 * turn is run again, and asks at its beginning what is recorded.
 */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

#include "consumer/consumer.h"

/* The items of a batch by id. */
struct dedup {
	struct item **items; /* sorted by id, each id once (its first item) */
	size_t count;
	/* The first try. Nothing of it was seen before, as far as is known: if it was, the turn fails with E_RETRY.
	 * What the aggregates remember is not even asked for. */
	bool optimistic;
	bool asks; /* requests: first of all what is recorded, and does not decide that again */
};

/* Sorts the items; those whose id another has already get it as their duplicate_of. In the consumer's arena. */
void dedup_sort(struct consumer *consumer, struct item **items, size_t count, struct dedup *ret_claim);

/* Is this item one that the turn decides without a claim? */
bool inbox_skips(const struct dedup *claim, const struct item *item);

/* Queues the claim of events, or the question what is recorded of requests: the first statements of a turn. Concurrent
 * claims of one event wait for each other here. */
void inbox_dedup_send(struct consumer *consumer, const struct dedup *claim, int64_t now_us);
/* Marks what was claimed or recorded before as duplicate, and gives requests the recorded answer. */
must_check enum status inbox_dedup_read(struct consumer *consumer, const struct dedup *claim);

/* Queues what must be remembered of requests: their answers, but of those that may be asked again. Of these it asks
 * whether they were answered before. E_RETRY: one of all was. */
void inbox_record_send(struct consumer *consumer, const struct dedup *claim, int64_t now_us);
must_check enum status inbox_record_read(struct consumer *consumer, const struct dedup *claim);

/* In a transaction of its own: counts one more attempt at an event. item->attempts is how many there are now. */
must_check enum status inbox_attempt(struct consumer *consumer, struct item *item);

#endif
