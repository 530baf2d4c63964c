/* Promotion moves deadlines from deadline_batches to deadlines, one transaction per type.
 *
 * A deadline whose subject is pending must get a row in deadlines. A deadline whose subject has ended must get none,
 * because nothing would delete it. A transaction that ends a subject first updates the subject. A later statement of it
 * deletes from deadlines. Promotion first locks the subject and then inserts the row. There are three cases:
 *
 * - The ending transaction was first and has committed. Promotion reads the ended subject, and its condition excludes
 *   that subject.
 * - The ending transaction was first and has not committed. The subject is locked. Promotion does not wait, because the
 *   relay has other work. It writes the deadline to a new row of deadline_batches, for the next round.
 * - Promotion was first. The ending update waits for the commit of promotion. The DELETE has a snapshot of its own
 * (READ COMMITTED, see postgres/link.c), and finds the row.
 *
 * A batch commits the subject and the row of deadline_batches together, so a transaction that sees the row sees the
 * subject. Promotion locks subjects in order of their ids, and before deadlines, as batches do. After a crash the row
 * of deadline_batches is still there. */
#include "store/deadline_promotion.h"

#include <poll.h>

enum {
	BATCHES_MAX = 200, /* rows of deadline_batches per transaction */
	ROUNDS_MAX = 10,   /* transactions per call: the relay has other work */
	AGAIN_MS = 10      /* pause before locked subjects are tried again, when the relay stops */
};

enum found {
	FOUND_ENDED,
	FOUND_PENDING,
	FOUND_LOCKED /* it is pending, and locked by this transaction */
};

struct pending_deadline {
	struct uuid subject;
	int64_t due_us;
	enum found found;
};

/* The deadlines of one type that one transaction has taken, sorted by subject. */
struct promotion {
	struct db *db;
	const struct deadline_source *source;
	const char *type;
	struct pending_deadline *items;
	size_t count;
	int64_t batches; /* rows of deadline_batches that held them */
};

/* ---- taking ---- */

/* Oldest first. Types that only another build knows stay: only that build knows which subjects are pending. */
static const struct sql take_batches = {
	"promotion_take",
	"WITH taken AS (DELETE FROM deadline_batches WHERE id IN (SELECT id FROM deadline_batches WHERE type = $1"
	"  AND ($2 OR due_at <= $3 OR made_at <= clock_timestamp() - interval '1 second')"
	"  ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING subjects, dues)"
	" SELECT subject, due_at, (SELECT count(*) FROM taken)"
	" FROM taken, unnest(subjects, dues) AS each (subject, due_at) ORDER BY subject",
};

static enum status on_taken(void *context, const struct rows *rows)
{
	struct promotion *promotion = context;

	promotion->count = (size_t)rows->count;
	promotion->batches = rows->count == 0 ? 0 : row_int(rows, 0, 2);
	promotion->items = mem_new(promotion->count + 1, sizeof(*promotion->items));
	for (int row = 0; row < rows->count; row++)
		promotion->items[row] = (struct pending_deadline){
			.subject = row_uuid(rows, row, 0), .due_us = row_timestamp(rows, row, 1), .found = FOUND_ENDED};
	return OK;
}

static enum status take(struct promotion *promotion, bool all)
{
	struct args *args = db_args(promotion->db);

	db_send_text(promotion->db, "BEGIN");
	arg_text(args, promotion->type);
	arg_bool(args, all);
	arg_timestamp(args, timestamp_now());
	arg_int(args, BATCHES_MAX);
	db_send(promotion->db, &take_batches, on_taken, promotion);
	return db_flush(promotion->db);
}

/* ---- which subjects are pending ---- */

static size_t count_found(const struct promotion *promotion, enum found found)
{
	size_t counted = 0;

	for (size_t i = 0; i < promotion->count; i++)
		counted += promotion->items[i].found == found;
	return counted;
}

/* Both are sorted by id. */
static void mark(const struct promotion *promotion, const struct rows *rows, enum found found)
{
	size_t at = 0;

	for (int row = 0; row < rows->count; row++) {
		const struct uuid id = row_uuid(rows, row, 0);

		while (at < promotion->count && uuid_compare(&promotion->items[at].subject, &id) < 0)
			at++;
		if (at < promotion->count && uuid_equal(&promotion->items[at].subject, &id))
			promotion->items[at].found = found;
	}
}

static enum status on_pending(void *context, const struct rows *rows)
{
	mark(context, rows, FOUND_PENDING);
	return OK;
}

static enum status on_locked(void *context, const struct rows *rows)
{
	mark(context, rows, FOUND_LOCKED);
	return OK;
}

/* Runs the query for all deadlines in the state `found`, if there are any. */
static enum status ask(struct promotion *promotion, enum found found, const struct sql *sql, rows_function *on_rows)
{
	struct args *args = db_args(promotion->db);

	if (count_found(promotion, found) == 0)
		return OK;
	args_columns(args, 1);
	for (size_t i = 0; i < promotion->count; i++)
		if (promotion->items[i].found == found)
			put_uuid(args, &promotion->items[i].subject);
	db_send(promotion->db, sql, on_rows, promotion);
	return db_flush(promotion->db);
}

/* If the first query finds a subject and the second does not lock it, another transaction has locked it or has ended
 * it.
 */
static enum status look(struct promotion *promotion)
{
	enum status status = ask(promotion, FOUND_ENDED, &promotion->source->pending, on_pending);

	if (status == OK)
		status = ask(promotion, FOUND_PENDING, &promotion->source->lock_pending, on_locked);
	return status;
}

/* ---- writing the results ---- */

/* ON CONFLICT: a row that exists was written by a later batch, and its due time is newer. */
static const struct sql insert_rows = {
	"promotion_insert",
	"INSERT INTO deadlines (subject, type, due_at) SELECT given.subject, $1, given.due_at"
	" FROM unnest($2::uuid[], $3::timestamptz[]) AS given (subject, due_at) ON CONFLICT DO NOTHING",
};
static const struct sql put_back = {
	"promotion_put_back",
	"INSERT INTO deadline_batches (type, due_at, subjects, dues)"
	" SELECT $1, min(due_at), $2::uuid[], $3::timestamptz[] FROM unnest($3::timestamptz[]) AS given (due_at)",
};

/* Queues the statement for all deadlines in the state `found`, if there are any. Returns their number. */
static size_t send_found(struct promotion *promotion, const struct sql *sql, enum found found)
{
	struct args *args = db_args(promotion->db);
	const size_t sent = count_found(promotion, found);

	if (sent == 0)
		return 0;
	arg_text(args, promotion->type);
	args_columns(args, 2);
	for (size_t i = 0; i < promotion->count; i++) {
		if (promotion->items[i].found != found)
			continue;
		put_uuid(args, &promotion->items[i].subject);
		put_timestamp(args, promotion->items[i].due_us);
	}
	db_send(promotion->db, sql, NULL, NULL);
	return sent;
}

static enum status write_results(struct promotion *promotion, size_t *ret_left)
{
	send_found(promotion, &insert_rows, FOUND_LOCKED);
	*ret_left = send_found(promotion, &put_back, FOUND_PENDING);
	db_send_text(promotion->db, "COMMIT");
	return db_sync(promotion->db);
}

static enum status promote_type(struct promotion *promotion, bool all, bool *ret_more)
{
	size_t left = 0;

	enum status status = take(promotion, all);
	if (status == OK)
		status = look(promotion);
	if (status == OK)
		status = write_results(promotion, &left);
	if (status == OK)
		*ret_more = promotion->batches == BATCHES_MAX || (all && left > 0);
	free(promotion->items);
	return status;
}

/* One transaction per type. */
static enum status promote_types(struct db *db, const struct service *service, bool all, bool *ret_more)
{
	const struct deadline_source *source = service->deadline_sources;
	bool more = false;

	for (; source != NULL && source->kind != NULL; source++) {
		struct promotion promotion = {
			.db = db, .source = source, .type = service->contract->types[source->type].name};
		bool more_of_type = false;

		const enum status status = promote_type(&promotion, all, &more_of_type);
		if (status != OK)
			return status;
		more = more || more_of_type;
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
