/* The deadlines table. */
#include "deadlines.h"

#define INSERT                                                                                                         \
	"INSERT INTO deadlines (subject, type, due_at)"                                                                \
	" SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[])"

/* Nearly all are new: see store.h. */
static const struct sql set_new = {"deadlines_set_new", INSERT};
static const struct sql set_rows = {
	"deadlines_set",
	INSERT " ON CONFLICT (subject, type) DO UPDATE SET due_at = EXCLUDED.due_at, attempts = 0",
};

static const struct sql clear_rows = {
	"deadlines_clear",
	"DELETE FROM deadlines WHERE subject = ANY($1::uuid[]) AND type = $2",
};

/* What is to be set (`clear` false), or cleared of one type. Sorted by subject, as the unit gives them. */
static size_t pick(const struct unit *unit, int type, bool clear, struct deadline **ret_picked)
{
	const struct deadline *deadlines;
	const size_t count = unit_deadlines(unit, &deadlines);
	struct deadline *picked = mem_new(count + 1, sizeof(*picked));
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if ((deadlines[i].due_us == INT64_MIN) == clear && (!clear || deadlines[i].type == type))
			picked[kept++] = deadlines[i];
	*ret_picked = picked;
	return kept;
}

static void send_set(struct db *db, const struct contract *contract, const struct deadline *picked, size_t count,
		     bool hopeful)
{
	struct args *args = db_args(db);

	args_columns(args, 3);
	for (size_t i = 0; i < count; i++) {
		put_uuid(args, &picked[i].subject);
		put_text(args, contract->types[picked[i].type].name);
		put_moment(args, picked[i].due_us);
	}
	db_send(db, hopeful ? &set_new : &set_rows);
}

static void send_clear(struct db *db, const char *type, const struct deadline *picked, size_t count)
{
	struct uuid *ids = mem_new(count, sizeof(*ids));

	for (size_t i = 0; i < count; i++)
		ids[i] = picked[i].subject;
	struct args *args = db_args(db);
	arg_uuids(args, ids, count);
	arg_text(args, type);
	db_send(db, &clear_rows);
	free(ids);
}

/* Sends the statements that are needed (`db`), or counts them (`db` NULL): one that sets, one a type that clears. */
static int save(struct db *db, const struct contract *contract, const struct unit *unit, bool hopeful)
{
	const struct deadline *all;
	struct deadline *picked;
	int statements = 0;

	if (unit_deadlines(unit, &all) == 0)
		return 0;
	for (int type = -1; type < contract->count; type++) {
		if (type >= 0 && contract->types[type].kind != NOTE)
			continue;
		const size_t count = pick(unit, type, type >= 0, &picked);
		statements += count > 0;
		if (count > 0 && db != NULL && type < 0)
			send_set(db, contract, picked, count, hopeful);
		else if (count > 0 && db != NULL)
			send_clear(db, contract->types[type].name, picked, count);
		free(picked);
	}
	return statements;
}

void deadlines_save_send(struct db *db, const struct contract *contract, const struct unit *unit, bool hopeful)
{
	save(db, contract, unit, hopeful);
}

enum status deadlines_save_read(struct db *db, const struct contract *contract, const struct unit *unit)
{
	struct rows rows;

	for (int left = save(NULL, contract, unit, false); left > 0; left--) {
		const enum status status = db_result(db, &rows);
		if (status != OK)
			return status;
	}
	return OK;
}

/* Pauses of 2, 4, 8, ... seconds, at most 5 minutes. */
static const struct sql claim_due = {
	"deadlines_due",
	"UPDATE deadlines SET attempts = attempts + 1,"
	"  due_at = $1 + least(interval '2 seconds' * power(2, least(attempts, 10)), interval '5 minutes')"
	" WHERE (subject, type) IN (SELECT subject, type FROM deadlines WHERE due_at <= $1"
	"  ORDER BY due_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED)"
	" RETURNING subject, type, attempts",
};

/* Every deadline's data is what it is about. */
struct note_data {
	struct uuid order_id;
};

static void add_note(struct parcel *parcel, const struct message_type *type, const struct outbox_row *address,
		     int64_t attempts)
{
	struct outbox_row row = *address;
	struct buffer body;

	row.id = uuid_derive(type->name, &row.subject, (unsigned)attempts, row.created_us);
	buffer_init(&body);
	cloudevent_write(&body, &(struct cloudevent){
					.id = row.id,
					.type = type,
					.source = type->producer,
					.subject = row.subject,
					.sequence = attempts,
					.time_us = row.created_us,
					.body = &(struct note_data){row.subject},
				});
	row.body = (struct span){body.bytes, body.size};
	parcel_add(parcel, &row);
	buffer_done(&body);
}

enum status deadlines_due(struct db *db, const struct contract *contract, const char *queue, struct parcel *parcel)
{
	const int64_t now = moment_now();
	struct rows rows;

	arg_moment(db_args(db), now);
	const enum status status = db_run(db, &claim_due, &rows);
	if (status != OK)
		return status;
	for (int i = 0; i < rows.count; i++) {
		const char *name = row_text(&rows, i, 1, &parcel->arena);
		const int type = contract_find(contract, name, 0);
		const struct outbox_row address = {
			.subject = row_uuid(&rows, i, 0),
			.exchange = "",
			.routing_key = queue,
			.type = name,
			.created_us = now,
		};

		if (type >= 0) /* otherwise a newer build's, which will see to it */
			add_note(parcel, &contract->types[type], &address, row_int(&rows, i, 2));
	}
	return OK;
}

static const struct sql count_open = {
	"deadlines_open",
	"SELECT count(*) FROM (SELECT 1 FROM deadlines LIMIT $1) AS counted",
};

enum status deadlines_open(struct db *db, int64_t most, int64_t *ret_open)
{
	struct rows rows;

	arg_int(db_args(db), most);
	const enum status status = db_run(db, &count_open, &rows);
	if (status == OK)
		*ret_open = row_int(&rows, 0, 0);
	return status;
}
