/* The epoch of cached values: one row, asked for under a lease, raised by a writer that cannot fence. */
#include "store/cache/cache_epoch.h"

static const struct sql ask = {"cache_epoch_ask", "SELECT epoch, clock_timestamp() >= enabled_from FROM cache_epoch"};

void cache_epoch_refresh(struct cache_epoch *epoch, struct db *db, struct cache *cache)
{
	int64_t now_us = monotonic_now();
	struct rows rows;

	if (now_us < epoch->held_until_us)
		return;
	/* The lease begins before the question: the answer was true at some time after. */
	epoch->held_until_us = now_us + CACHE_EPOCH_LEASE_US;
	if (db_run(db, &ask, &rows) == OK && rows.count == 1) {
		epoch->epoch = row_int(&rows, 0, 0);
		epoch->open = row_bool(&rows, 0, 1);
	}
	cache_set_epoch(cache, epoch->open ? epoch->epoch : CACHE_BYPASS);
}

/* The old enabled_from goes into closed_to, because RETURNING sees the new row only. */
static const struct sql raise_epoch = {
	"cache_epoch_raise", "UPDATE cache_epoch SET epoch = epoch + 1, closed_to = enabled_from,"
			     " enabled_from = greatest(enabled_from, clock_timestamp() + $1 * interval '1 microsecond')"
			     " RETURNING (extract(epoch FROM closed_to - clock_timestamp()) * 1000000)::bigint"};

static enum status on_raised(void *context, const struct rows *rows)
{
	struct cache_epoch *epoch = context;

	if (rows->count != 1)
		return E_INTERNAL;
	/* Counted from before the server read its clock: rather too early than too late. */
	epoch->taken_us = monotonic_now();
	epoch->closed_until_us = epoch->raised_us + row_int(rows, 0, 0);
	return OK;
}

void cache_epoch_raise(struct cache_epoch *epoch, struct db *db)
{
	epoch->raised_us = monotonic_now();
	arg_int(db_args(db), CACHE_EPOCH_CLOSED_US);
	db_send(db, &raise_epoch, on_raised, epoch);
}

int64_t cache_epoch_committed(struct cache_epoch *epoch, int64_t committed_us)
{
	/* Earlier raises had closed it until this raise had the row's lock. What the row has closed it from there until
	 * COMMIT. So every lease on an open cache began before `closed_since_us`. */
	bool seen_before = epoch->taken_us < epoch->closed_to_us && committed_us < epoch->closed_until_us;

	if (!seen_before)
		epoch->closed_since_us = committed_us;
	epoch->closed_to_us = epoch->raised_us + CACHE_EPOCH_CLOSED_US;

	int64_t answer_us = epoch->closed_since_us + CACHE_EPOCH_LEASE_US;
	return answer_us > committed_us ? answer_us : committed_us;
}
