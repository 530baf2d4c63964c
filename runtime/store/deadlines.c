/* The tables deadlines and deadline_batches. */
#include "store/deadlines.h"

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

static const struct sql fetch_rows = {
	"deadlines_gather",
	"INSERT INTO deadline_batches (type, due_at, subjects, dues) VALUES ($1, $2, $3, $4)",
};

/* What becomes of a deadline. */
enum way {
	WAY_ROW,  /* set, in a row of its own */
	WAY_TURN, /* set, in the row of its turn */
	WAY_CLEAR /* cleared */
};

/* Only one turn makes an aggregate, so that no two turns' rows speak of the same subject; what is set again for one
 * that was there gets its own row at once, and maturing leaves that alone. */
static enum way way_of(const struct service *service, struct unit *unit, const struct deadline *deadline,
		       bool optimistic)
{
	const struct deadline_source *source = service->deadline_sources;

	if (deadline->due_us == INT64_MIN)
		return WAY_CLEAR;
	while (source != NULL && source->kind != NULL && source->type != deadline->type)
		source++;
	if (!optimistic || source == NULL || source->kind == NULL)
		return WAY_ROW;
	return unit_made(unit, source->kind, &deadline->subject) ? WAY_TURN : WAY_ROW;
}

static void send_set(struct db *db, const struct contract *contract, const struct deadline *picked, size_t count,
		     bool optimistic)
{
	struct args *args = db_args(db);

	args_columns(args, 3);
	for (size_t i = 0; i < count; i++) {
		put_uuid(args, &picked[i].subject);
		put_text(args, contract->types[picked[i].type].name);
		put_timestamp(args, picked[i].due_us);
	}
	db_send(db, optimistic ? &set_new : &set_rows);
}

static void send_gathered(struct db *db, const char *type, const struct deadline *picked, size_t count)
{
	struct args *args = db_args(db);
	int64_t first_us = picked[0].due_us;

	for (size_t i = 1; i < count; i++)
		first_us = picked[i].due_us < first_us ? picked[i].due_us : first_us;
	arg_text(args, type);
	arg_timestamp(args, first_us);
	args_columns(args, 2);
	for (size_t i = 0; i < count; i++) {
		put_uuid(args, &picked[i].subject);
		put_timestamp(args, picked[i].due_us);
	}
	db_send(db, &fetch_rows);
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

/* Those of one way and, but for rows of their own, of one type. Sorted by subject, as the unit gives them. */
static size_t pick(const struct deadline *all, const enum way *ways, size_t count, enum way way, int type,
		   struct deadline *picked)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (ways[i] == way && (way == WAY_ROW || all[i].type == type))
			picked[kept++] = all[i];
	return kept;
}

struct saving {
	struct db *db; /* NULL: statements are only counted */
	const struct contract *contract;
	bool optimistic;
	const struct deadline *all;
	const enum way *ways;
	size_t count;
	struct deadline *picked; /* room for all */
};

/* The statement for what goes this way, where anything does. Returns how many statements that is. */
static int save_way(const struct saving *saving, enum way way, int type)
{
	const size_t count = pick(saving->all, saving->ways, saving->count, way, type, saving->picked);
	const char *name = saving->contract->types[type].name;

	if (count == 0 || saving->db == NULL)
		return count > 0;
	if (way == WAY_ROW)
		send_set(saving->db, saving->contract, saving->picked, count, saving->optimistic);
	else if (way == WAY_TURN)
		send_gathered(saving->db, name, saving->picked, count);
	else
		send_clear(saving->db, name, saving->picked, count);
	return 1;
}

/* Sends the statements that are needed (`db`), or counts them (`db` NULL): one that sets rows, and of each type one
 * that gathers and one that clears. */
static int save(struct db *db, const struct service *service, struct unit *unit, bool optimistic)
{
	struct saving saving = {.db = db, .contract = service->contract, .optimistic = optimistic};
	int statements = 0;

	saving.count = unit_deadlines(unit, &saving.all);
	if (saving.count == 0)
		return 0;
	enum way *ways = mem_new(saving.count, sizeof(*ways));
	for (size_t i = 0; i < saving.count; i++)
		ways[i] = way_of(service, unit, &saving.all[i], optimistic);
	saving.ways = ways;
	saving.picked = mem_new(saving.count, sizeof(*saving.picked));
	statements += save_way(&saving, WAY_ROW, 0);
	for (int type = 0; type < saving.contract->count; type++)
		if (saving.contract->types[type].kind == TIMER)
			statements += save_way(&saving, WAY_TURN, type) + save_way(&saving, WAY_CLEAR, type);
	free(saving.picked);
	free(ways);
	return statements;
}

void deadlines_save_send(struct db *db, const struct service *service, struct unit *unit, bool optimistic)
{
	save(db, service, unit, optimistic);
}

enum status deadlines_save_read(struct db *db, const struct service *service, struct unit *unit, bool optimistic)
{
	struct rows rows;

	for (int left = save(NULL, service, unit, optimistic); left > 0; left--) {
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

static void add_note(struct outbox_batch *batch, const struct message_type *type, const struct outbox_row *address,
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
	outbox_batch_add(batch, &row);
	buffer_done(&body);
}

enum status deadlines_due(struct db *db, const struct contract *contract, const char *queue, struct outbox_batch *batch)
{
	const int64_t now = timestamp_now();
	struct rows rows;

	arg_timestamp(db_args(db), now);
	const enum status status = db_run(db, &claim_due, &rows);
	if (status != OK)
		return status;
	for (int i = 0; i < rows.count; i++) {
		const char *name = row_text(&rows, i, 1, &batch->arena);
		const int type = contract_find(contract, name, 0);
		const struct outbox_row address = {
			.subject = row_uuid(&rows, i, 0),
			.exchange = "",
			.routing_key = queue,
			.type = name,
			.created_us = now,
		};

		if (type >= 0) /* otherwise a newer build's, which will see to it */
			add_note(batch, &contract->types[type], &address, row_int(&rows, i, 2));
	}
	return OK;
}

/* Turns' rows by their key: few are there, and many pages that they have left. */
static const struct sql count_open = {
	"deadlines_open",
	"SELECT (SELECT count(*) FROM (SELECT 1 FROM deadlines LIMIT $1) AS counted)"
	" + (SELECT coalesce(sum(cardinality(subjects)), 0) FROM deadline_batches WHERE id > 0)",
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
