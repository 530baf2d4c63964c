/* The outbox: what must be sent, written in the transaction of the state that it describes. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "postgres/db.h"
#include "rpc/cloudevent.h"
#include "telemetry/publish_span.h"

/* A consumer that has committed hands its rows to the relay in memory. The due_at of a row is how long the relay has
 * before a sweep takes the row for lost. */
enum { OUTBOX_LEASE_S = 5 };

/* Small events of one batch and one type share a row: most of the outbox's cost is per row. Such a row still fits into
 * a page without being cut up (migration 0003). */
enum { OUTBOX_BUNDLE_BYTES = 7600 };

struct outbox_row {
	struct uuid id, subject;
	const char *exchange, *routing_key, *type;
	const char *headers; /* JSON object of texts; NULL: none */
	struct span body;
	int64_t events; /* in the body, with a comma between them; 0 and 1: one */
	int64_t created_us, due_us;
	int64_t attempts;                         /* times that the broker closed the connection because of it */
	const struct publish_span *publish_spans; /* of its events; NULL: none are recorded */
	size_t publish_span_count;
};

/* Rows that go from a consumer to the relay together, with the memory they live in. */
struct outbox_batch {
	struct arena arena;
	struct outbox_row *rows;
	size_t count, room;
	bool stored;          /* the rows are in the outbox: they are deleted once they have arrived */
	bool awaited;         /* a consumer waits: it keeps the batch and reads `over` and `failed` */
	bool over;            /* awaited: the outcome of every row is known */
	size_t open;          /* rows whose outcome is not known */
	bool failed;          /* one of them has not arrived */
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
