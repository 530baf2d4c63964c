/* From turns' rows (deadline_batches) to rows of their own (deadlines), in one transaction.
 *
 * A deadline must get its row if its subject still waits, and none if it does not: nobody would ever clear it. A turn
 * that settles a subject first updates the subject and then, by a later statement, deletes the deadline's row; we first
 * lock the subject and then insert the row. So:
 *
 * - The settling turn was first and has committed: our lock looks at what it left, and passes the subject over.
 * - It was first and has not committed: the subject is locked. We do not wait, since the relay has others to serve; the
 *   deadline goes back into a row like a turn's, for the next round.
 * - We were first: the turn's update waits for our commit, and its DELETE, which has a snapshot of its own (READ
 *   COMMITTED, as postgres/link.c asks for), sees our row.
 *
 * A subject is committed together with its turn's row, so whoever sees the row sees the subject. Subjects are locked in
 * order of their ids, and before deadlines, as in turns. A crash of ours leaves the turn's row where it was. */
#include "store/deadline_promotion.h"

#include <poll.h>

enum {
	TURNS_MAX = 200, /* a transaction */
	ROUNDS_MAX = 10, /* a call: the relay has others to serve */
	AGAIN_MS = 10    /* until what was locked is looked at again, by a relay that is about to go */
};

enum found {
	FOUND_SETTLED,
	FOUND_WAITING,
	FOUND_HELD /* it waits, and is locked by us */
};

struct young {
	struct uuid subject;
	int64_t due_us;
	enum found found;
};

/* By the key, which is the order of making. The types of other builds are left to those: only they know who waits. */
static const struct sql take_turns = {
	"mature_take",
	"WITH taken AS (DELETE FROM deadline_batches WHERE id IN (SELECT id FROM deadline_batches WHERE type = $1"
	"  AND ($2 OR due_at <= $3 OR made_at <= clock_timestamp() - interval '1 second')"
	"  ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING subjects, dues)"
	" SELECT subject, due_at, (SELECT count(*) FROM taken)"
	" FROM taken, unnest(subjects, dues) AS each (subject, due_at) ORDER BY subject",
};

static enum status take(struct db *db, const char *type, bool all, struct rows *ret_rows)
{
	struct args *args = db_args(db);
	struct rows begun;

	db_send_text(db, "BEGIN");
	arg_text(args, type);
	arg_bool(args, all);
	arg_timestamp(args, timestamp_now());
	arg_int(args, TURNS_MAX);
	db_send(db, &take_turns);
	enum status status = db_flush(db);
	if (status == OK)
		status = db_result(db, &begun);
	return status == OK ? db_result(db, ret_rows) : status;
}

/* ---- who waits ---- */

static size_t count_found(const struct young *young, size_t count, enum found found)
{
	size_t counted = 0;

	for (size_t i = 0; i < count; i++)
		counted += young[i].found == found;
	return counted;
}

/* Both are sorted by id. */
static void mark(struct young *young, size_t count, const struct rows *rows, enum found found)
{
	size_t at = 0;

	for (int row = 0; row < rows->count; row++) {
		const struct uuid id = row_uuid(rows, row, 0);

		while (at < count && uuid_compare(&young[at].subject, &id) < 0)
			at++;
		if (at < count && uuid_equal(&young[at].subject, &id))
			young[at].found = found;
	}
}

/* Asks about those that were found so. Returns how many those are; where there are any, the statement is sent. */
static size_t ask(struct db *db, const struct sql *sql, const struct young *young, size_t count, enum found found)
{
	struct args *args = db_args(db);
	size_t asked = count_found(young, count, found);

	if (asked == 0)
		return 0;
	args_columns(args, 1);
	for (size_t i = 0; i < count; i++)
		if (young[i].found == found)
			put_uuid(args, &young[i].subject);
	db_send(db, sql);
	return asked;
}

/* What waits by the first look and is not held by the second is locked by somebody else, or settled since. */
static enum status look(struct db *db, const struct deadline_source *source, struct young *young, size_t count)
{
	const struct sql *const looks[] = {&source->pending, &source->lock_pending};
	const enum found founds[] = {FOUND_SETTLED, FOUND_WAITING, FOUND_HELD};
	enum status status = OK;
	struct rows rows;

	for (int i = 0; i < 2 && status == OK && ask(db, looks[i], young, count, founds[i]) > 0; i++) {
		status = db_flush(db);
		if (status == OK)
			status = db_result(db, &rows);
		if (status == OK)
			mark(young, count, &rows, founds[i + 1]);
	}
	return status;
}

/* ---- what becomes of them ---- */

/* Where there is a row already, it was set again by a later turn. */
static const struct sql insert_rows = {
	"mature_insert",
	"INSERT INTO deadlines (subject, type, due_at) SELECT given.subject, $1, given.due_at"
	" FROM unnest($2::uuid[], $3::timestamptz[]) AS given (subject, due_at) ON CONFLICT DO NOTHING",
};
static const struct sql put_back = {
	"mature_put_back",
	"INSERT INTO deadline_batches (type, due_at, subjects, dues)"
	" SELECT $1, min(due_at), $2::uuid[], $3::timestamptz[] FROM unnest($3::timestamptz[]) AS given (due_at)",
};

/* Returns how many were found so; where there are any, the statement is sent. */
static size_t send_found(struct db *db, const struct sql *sql, const char *type, const struct young *young,
			 size_t count, enum found found)
{
	struct args *args = db_args(db);
	size_t sent = count_found(young, count, found);

	if (sent == 0)
		return 0;
	arg_text(args, type);
	args_columns(args, 2);
	for (size_t i = 0; i < count; i++) {
		if (young[i].found != found)
			continue;
		put_uuid(args, &young[i].subject);
		put_timestamp(args, young[i].due_us);
	}
	db_send(db, sql);
	return sent;
}

static enum status settle(struct db *db, const char *type, const struct young *young, size_t count, size_t *ret_left)
{
	struct rows rows;

	const size_t held = send_found(db, &insert_rows, type, young, count, FOUND_HELD);
	const size_t left = send_found(db, &put_back, type, young, count, FOUND_WAITING);
	db_send_text(db, "COMMIT");
	enum status status = db_sync(db);
	for (int results = (held > 0) + (left > 0) + 1; results > 0 && status == OK; results--)
		status = db_result(db, &rows);
	if (status == OK)
		*ret_left = left;
	return status == OK ? db_synced(db) : status;
}

static enum status promote_type(struct db *db, const struct deadline_source *source, const char *type, bool all,
				bool *ret_more)
{
	struct rows rows;
	size_t left = 0;

	enum status status = take(db, type, all, &rows);
	if (status != OK)
		return status;
	const size_t count = (size_t)rows.count;
	const int64_t taken = count == 0 ? 0 : row_int(&rows, 0, 2);
	struct young *young = mem_new(count + 1, sizeof(*young));
	for (size_t i = 0; i < count; i++)
		young[i] = (struct young){row_uuid(&rows, (int)i, 0), row_timestamp(&rows, (int)i, 1), FOUND_SETTLED};
	status = look(db, source, young, count);
	if (status == OK)
		status = settle(db, type, young, count, &left);
	free(young);
	if (status == OK)
		*ret_more = taken == TURNS_MAX || (all && left > 0);
	return status;
}

/* One transaction a type. */
static enum status promote_types(struct db *db, const struct service *service, bool all, bool *ret_more)
{
	bool more = false;

	for (const struct deadline_source *source = service->deadline_sources; source != NULL && source->kind != NULL;
	     source++) {
		bool more_of_it;
		const enum status status =
			promote_type(db, source, service->contract->types[source->type].name, all, &more_of_it);
		if (status != OK)
			return status;
		more = more || more_of_it;
	}
	*ret_more = more;
	return OK;
}

void promote_deadlines(struct db *db, const struct service *service)
{
	enum status status = OK;
	bool more = true;

	for (int i = 0; i < ROUNDS_MAX && more && status == OK; i++)
		status = promote_types(db, service, false, &more);
	if (status != OK)
		db_recover(db);
}

void promote_all_deadlines(struct db *db, const struct service *service, int64_t wait_us)
{
	const int64_t end = monotonic_now() + wait_us;
	enum status status = OK;
	bool more = db_connected(db);

	while (more && status == OK && monotonic_now() < end) {
		status = promote_types(db, service, true, &more);
		if (status == OK && more)
			poll(NULL, 0, AGAIN_MS);
	}
	if (status != OK)
		db_recover(db);
}
