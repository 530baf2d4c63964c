/* The table admission_sync. */
#include "relay/admission_sync.h"

#include <string.h>

#define SHARE_US (100 * MS_US)

static const struct sql tell_and_look = {
	"admission_sync_share",
	"WITH told AS (INSERT INTO paces (replica, begun, ended, told_at) VALUES ($1, $2, $3, now())"
	" ON CONFLICT (replica) DO UPDATE SET begun = EXCLUDED.begun, ended = EXCLUDED.ended, told_at = now())"
	" SELECT replica, begun, ended FROM paces WHERE replica <> $1 ORDER BY told_at DESC LIMIT 32",
};
_Static_assert(ADMISSION_PEERS_MAX == 32, "as the statement has it");

void admission_sync_init(struct admission_sync *admission_sync)
{
	*admission_sync = (struct admission_sync){.replica = uuid_new(timestamp_now())};
}

static struct admission_peer *find(struct admission_sync *admission_sync, const struct uuid *replica)
{
	for (size_t i = 0; i < admission_sync->count; i++)
		if (uuid_equal(&admission_sync->others[i].replica, replica))
			return &admission_sync->others[i];
	return NULL;
}

/* What one that was not known has done before is not news. */
static void hear(struct admission_sync *admission_sync, struct admission *admission, const struct admission_peer *told)
{
	struct admission_peer *known = find(admission_sync, &told->replica);

	if (known != NULL)
		admission_add_remote(admission, told->begun - known->begun, told->ended - known->ended);
}

static enum status share(struct admission_sync *admission_sync, struct db *db, struct admission *admission)
{
	struct args *args = db_args(db);
	struct admission_peer heard[ADMISSION_PEERS_MAX];
	struct rows rows;

	arg_uuid(args, &admission_sync->replica);
	arg_int(args, atomic_load(&admission->begun));
	arg_int(args, atomic_load(&admission->ended));
	const enum status status = db_run(db, &tell_and_look, &rows);
	if (status != OK)
		return status;
	for (int row = 0; row < rows.count; row++) {
		heard[row] = (struct admission_peer){row_uuid(&rows, row, 0), row_int(&rows, row, 1),
						     row_int(&rows, row, 2)};
		hear(admission_sync, admission, &heard[row]);
	}
	admission_sync->count = (size_t)rows.count;
	memcpy(admission_sync->others, heard, admission_sync->count * sizeof(*heard));
	return OK;
}

enum status admission_sync_share(struct admission_sync *admission_sync, struct db *db, struct admission *admission)
{
	const int64_t now = monotonic_now(), counted = atomic_load(&admission->begun) + atomic_load(&admission->ended);

	if (now < admission_sync->next_us || counted == admission_sync->told)
		return OK;
	admission_sync->next_us = now + SHARE_US;
	admission_sync->told = counted;
	return share(admission_sync, db, admission);
}
