/* The inbox: a message that was processed is not processed again.
 *
 * Events. An inbox row holds the id of an event. Its index lets a second row with this id collide. If the handler is
 * idempotent (see struct handler), the aggregates recognise a duplicate themselves. The first try of a batch then
 * writes no inbox row for the event. It writes the ids of all such events into one row of processed_events, for people
 * and for `comanda`. No aggregate records a dead letter or a retry: a later try writes inbox rows for all
 * events.
 *
 * Requests. An inbox row holds the answer to a request. It is written at the end of the transaction. The insert
 * collides with the row of an earlier answer. Where that transaction is still open, the insert waits for its end. An
 * answer that is not recorded has no row that could collide: a query looks for an earlier answer. In both cases the
 * transaction is run again, and asks at its beginning which answers are recorded. */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

#include "store/item.h"
#include "store/txn.h"

/* The items of a batch by id. It lives until the transaction has ended. */
struct dedup {
	struct txn *txn;
	struct item **items; /* sorted by id, each id once: its first item */
	size_t count;
	bool requests; /* otherwise events */
	/* The first try takes all ids for new. If one is not, the transaction fails with E_RETRY. Events of idempotent
	 * handlers get no inbox row. */
	bool optimistic;
	bool check_first; /* requests: ask which are recorded before anything is decided */
};

/* Sorts the items by id. If items share an id, each later item points to the first (duplicate_of). */
void dedup_init(struct dedup *dedup, struct txn *txn, struct item **items, size_t count);

/* Is this item an event that is decided without an inbox row? */
bool inbox_skips(const struct dedup *dedup, const struct item *item);

/* Queues the first statements of a transaction. Events: inserts their ids; concurrent inserts of one id wait for each
 * other here. Requests: asks which are recorded. Then marks what was processed before as duplicate and done, and gives
 * requests their recorded answer. */
void inbox_check(struct dedup *dedup, int64_t now_us);

/* Requests: queues the insert of their answers, and the query for those whose answers are not recorded. E_RETRY from
 * the flush: at least one was answered before. */
void inbox_record(struct dedup *dedup, int64_t now_us);

/* In a transaction of its own: counts one more attempt at an event, in item->attempts. */
must_check enum status inbox_attempt(struct txn *txn, struct item *item);

#endif
