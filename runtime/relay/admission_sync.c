/* The table paces. */
#include "relay/admission_sync.h"

#include <string.h>

#define SHARE_US (100 * MS_US)

static const struct sql tell_and_look = {
	"paces_share",
	"WITH told AS (INSERT INTO paces (replica, begun, ended, told_at) VALUES ($1, $2, $3, now())"
	" ON CONFLICT (replica) DO UPDATE SET begun = EXCLUDED.begun, ended = EXCLUDED.ended, told_at = now())"
	" SELECT replica, begun, ended FROM paces WHERE replica <> $1 ORDER BY told_at DESC LIMIT 32",
};
_Static_assert(PACES_MAX == 32, "as the statement has it");

void paces_init(struct paces *paces)
{
	*paces = (struct paces){.replica = uuid_new(moment_now())};
}

static struct other_pace *find(struct paces *paces, const struct uuid *replica)
{
	for (size_t i = 0; i < paces->count; i++)
		if (uuid_equal(&paces->others[i].replica, replica))
			return &paces->others[i];
	return NULL;
}

/* What one that was not known has done before is not news. */
static void hear(struct paces *paces, struct pace *pace, const struct other_pace *told)
{
	struct other_pace *known = find(paces, &told->replica);

	if (known != NULL)
		pace_heard(pace, told->begun - known->begun, told->ended - known->ended);
}

static enum status share(struct paces *paces, struct db *db, struct pace *pace)
{
	struct args *args = db_args(db);
	struct other_pace heard[PACES_MAX];
	struct rows rows;

	arg_uuid(args, &paces->replica);
	arg_int(args, atomic_load(&pace->begun));
	arg_int(args, atomic_load(&pace->ended));
	const enum status status = db_run(db, &tell_and_look, &rows);
	if (status != OK)
		return status;
	for (int row = 0; row < rows.count; row++) {
		heard[row] =
			(struct other_pace){row_uuid(&rows, row, 0), row_int(&rows, row, 1), row_int(&rows, row, 2)};
		hear(paces, pace, &heard[row]);
	}
	paces->count = (size_t)rows.count;
	memcpy(paces->others, heard, paces->count * sizeof(*heard));
	return OK;
}

enum status paces_share(struct paces *paces, struct db *db, struct pace *pace)
{
	const int64_t now = moment_steady(), counted = atomic_load(&pace->begun) + atomic_load(&pace->ended);

	if (now < paces->next_us || counted == paces->told)
		return OK;
	paces->next_us = now + SHARE_US;
	paces->told = counted;
	return share(paces, db, pace);
}
