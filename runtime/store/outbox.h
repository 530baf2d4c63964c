/* The outbox: messages to send, written in the transaction that causes them. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "postgres/db.h"
#include "rpc/cloudevent.h"
#include "telemetry/publish_span.h"

/* After the commit, the consumer gives its rows to the relay in memory. If a row is still there at its due_at, a sweep
 * sends it. */
enum { OUTBOX_LEASE_S = 5 };

/* Small events of one batch and one type share a row (a bundle), because most of the cost is per row. A bundle fits
 * into one page of the table (migration 0003). */
enum { OUTBOX_BUNDLE_BYTES = 7600 };

struct outbox_row {
	struct uuid id, subject;
	const char *exchange, *routing_key, *type;
	const char *headers; /* JSON object of texts; NULL: none */
	struct span body;
	int64_t events; /* in the body, separated by commas; 0 means 1 */
	int64_t created_us, due_us;
	int64_t attempts; /* how often the row was in flight when the broker closed the connection because of a
			     publication */
	const struct publish_span *publish_spans; /* of its events; NULL: not recorded */
	size_t publish_span_count;
};

/* The rows that a consumer gives to the relay together, and their memory. */
struct outbox_batch {
	struct arena arena;
	struct outbox_row *rows;
	size_t count, room;
	bool stored;          /* the rows are in the table: the relay deletes them after their confirm */
	bool awaited;         /* a consumer waits: it keeps the batch and reads `over` and `failed` */
	bool over;            /* awaited: the outcome of every row is known */
	size_t open;          /* rows whose outcome is not known */
	bool failed;          /* at least one row has no confirm */
	int64_t submitted_us; /* to the relay; wall clock */
	struct outbox_batch *next;
};

struct outbox_batch *outbox_batch_new(void);
void outbox_batch_free(struct outbox_batch *batch);
define_freep(struct outbox_batch, outbox_batch_free);

/* Adds a row; everything it points at is copied. */
struct outbox_row *outbox_batch_add(struct outbox_batch *batch, const struct outbox_row *row);

/* Queues the insert of all rows; nothing where there are none. `optimistic`: without ON CONFLICT. */
void outbox_insert(struct db *db, const struct outbox_batch *batch, bool optimistic);

/* Leases at most 1000 rows that are due, for `lease_us`, and puts them into the batch. */
must_check enum status outbox_lease(struct db *db, int64_t now_us, int64_t lease_us, struct outbox_batch *batch);
/* Deletes rows that have arrived. */
must_check enum status outbox_delete(struct db *db, const struct uuid *ids, size_t count);
/* Rows that were in flight when the broker closed the connection: they are sent again, one at a time. After five times
 * a row is parked. *ret_parked: how many are. */
must_check enum status outbox_quarantine(struct db *db, const struct uuid *ids, size_t count, int64_t *ret_parked);

struct outbox_state {
	int64_t waiting, parked;
	int64_t oldest_us; /* age of the oldest event that is neither sent nor parked; 0: none */
};
must_check enum status outbox_measure(struct db *db, int64_t now_us, struct outbox_state *ret_state);

#endif
