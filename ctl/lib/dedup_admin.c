/* The inbox tables, as an operator may see them. */
#include "ctl/lib/dedup_admin.h"

#include <string.h>

#include "ctl/lib/connect.h"
#include "ctl/sandbox/id_map.h"

enum { CHUNK = 5000 };

/* An event is heard after it was made, nearly always at once, and by clocks that may differ. */
#define SKEW_US (5 * MINUTE_US)
#define SOON_US MINUTE_US

bool dedup_is_kept(const char *service_name)
{
	return strcmp(service_name, "users") != 0;
}

/* ---- when an event was made ---- */

/* The time in an id (RFC 9562: a UUIDv7 begins with its milliseconds); INT_ABSENT: this one tells none. */
static int64_t made_at(const struct uuid *id)
{
	int64_t ms = 0;

	if (id->bytes[6] >> 4 != 7)
		return INT_ABSENT;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return ms * MS_US;
}

/* Where in processed_events to look. INT_ABSENT: without a bound. */
struct window {
	int64_t from_us, to_us;
};

/* From the first of them on to the last. */
static struct window made_within(const struct uuid *ids, size_t count)
{
	struct window window = {INT64_MAX, 0};

	for (size_t i = 0; i < count; i++) {
		const int64_t made = made_at(&ids[i]);

		if (made == INT_ABSENT)
			return (struct window){INT_ABSENT, INT_ABSENT};
		window.from_us = made < window.from_us ? made : window.from_us;
		window.to_us = made > window.to_us ? made : window.to_us;
	}
	return window;
}

static struct window heard_soon(struct window made)
{
	return (struct window){made.from_us - SOON_US, made.to_us + SOON_US};
}

static struct window heard_since(int64_t at_us)
{
	return (struct window){at_us == INT_ABSENT ? INT_ABSENT : at_us - SKEW_US, INT_ABSENT};
}

/* ---- looking ---- */

static const struct sql look = {
	"dedup_look",
	"SELECT given.log_position, inbox_events.received_at FROM unnest($1::uuid[], $2::bigint[]) AS given (id, "
	"log_position)"
	" JOIN inbox_events ON inbox_events.id = given.id",
};

static bool look_at_claimed(struct db *db, const struct uuid *ids, size_t count, int64_t *ret_claimed_us)
{
	struct args *args = db_args(db);
	struct rows rows;

	args_columns(args, 2);
	for (size_t i = 0; i < count; i++) {
		put_uuid(args, &ids[i]);
		put_int(args, (int64_t)i);
		ret_claimed_us[i] = INT_ABSENT;
	}
	if (!ask_database(db, &look, &rows))
		return false;
	for (int row = 0; row < rows.count; row++)
		ret_claimed_us[row_int(&rows, row, 0)] = row_timestamp(&rows, row, 1);
	return true;
}

/* $2: from when on, null: always; $3: until when, null: now. "IS TRUE" keeps the list of ids a hash table: our sessions
 * join by nested loops, which here would compare each with each. */
static const struct sql look_heard = {
	"claims_look_heard",
	"SELECT id, min(received_at) FROM (SELECT received_at, unnest(ids) AS id FROM processed_events"
	"  WHERE received_at >= coalesce($2, '-infinity') AND received_at <= coalesce($3, 'infinity')) AS heard"
	" WHERE (id IN (SELECT unnest($1::uuid[]))) IS TRUE GROUP BY id",
};

/* Looks for those that are not found yet. */
static bool look_at_heard(struct db *db, const struct uuid *ids, size_t count, struct window window,
			  int64_t *processed_us)
{
	struct uuid *missing = mem_new(count + 1, sizeof(*missing));
	size_t missing_count = 0;
	struct id_map heard;
	struct rows rows;
	bool fine = true;

	for (size_t i = 0; i < count; i++)
		if (processed_us[i] == INT_ABSENT)
			missing[missing_count++] = ids[i];
	id_map_init(&heard);
	if (missing_count > 0) {
		arg_uuids(db_args(db), missing, missing_count);
		arg_timestamp(db_args(db), window.from_us);
		arg_timestamp(db_args(db), window.to_us);
		fine = ask_database(db, &look_heard, &rows);
	}
	for (int row = 0; missing_count > 0 && fine && row < rows.count; row++) {
		const struct uuid id = row_uuid(&rows, row, 0);

		id_map_put(&heard, &id, row_timestamp(&rows, row, 1));
	}
	for (size_t i = 0; fine && i < count; i++)
		if (processed_us[i] == INT_ABSENT && id_map_get(&heard, &ids[i]) != ID_MAP_NONE)
			processed_us[i] = id_map_get(&heard, &ids[i]);
	id_map_done(&heard);
	free(missing);
	return fine;
}

/* First where it is cheap: by the index on ids, then about the time of the events. */
static bool look_at(struct db *db, const struct uuid *ids, size_t count, int64_t since_us, int64_t *ret_claimed_us)
{
	const struct window made = made_within(ids, count);
	const bool told = since_us != INT_ABSENT;

	return look_at_claimed(db, ids, count, ret_claimed_us) &&
	       (told || made.from_us == INT_ABSENT ||
		look_at_heard(db, ids, count, heard_soon(made), ret_claimed_us)) &&
	       look_at_heard(db, ids, count, heard_since(told ? since_us : made.from_us), ret_claimed_us);
}

bool dedup_look(struct db *db, const struct uuid *ids, size_t count, int64_t since_us, int64_t *ret_claimed_us)
{
	for (size_t i = 0; i < count; i += CHUNK)
		if (!look_at(db, ids + i, count - i < CHUNK ? count - i : CHUNK, since_us, ret_claimed_us + i))
			return false;
	return true;
}

/* ---- forgetting ---- */

/* $3: from when on, null: always; $4: until when, null: now. A row that is left without ids goes with its time. */
static const struct sql forget = {
	"claims_forget",
	"WITH given AS (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) AS given (id, no_later)),"
	" counted AS (DELETE FROM attempts USING given WHERE attempts.id = given.id),"
	" unprocessed AS (UPDATE processed_events SET ids = ARRAY(SELECT kept.id FROM unnest(ids) AS kept (id) WHERE "
	"NOT EXISTS"
	"   (SELECT FROM given WHERE given.id = kept.id"
	"    AND (given.no_later IS NULL OR processed_events.received_at <= given.no_later)))"
	"  WHERE received_at >= coalesce($3, '-infinity') AND received_at <= coalesce($4, 'infinity') AND EXISTS"
	"   (SELECT FROM unnest(ids) AS id WHERE (id IN (SELECT unnest($1::uuid[]))) IS TRUE))"
	" DELETE FROM inbox_events USING given WHERE inbox_events.id = given.id"
	"  AND (given.no_later IS NULL OR inbox_events.received_at <= given.no_later)",
};

static bool forget_some(struct db *db, const struct uuid *ids, const int64_t *no_later_us, size_t count)
{
	struct window window = heard_since(made_within(ids, count).from_us);
	struct args *args = db_args(db);
	int64_t last_us = 0;
	struct rows rows;

	args_columns(args, 2);
	for (size_t i = 0; i < count; i++) {
		put_uuid(args, &ids[i]);
		put_timestamp(args, no_later_us[i] == INT64_MAX ? INT_ABSENT : no_later_us[i]);
		last_us = no_later_us[i] > last_us ? no_later_us[i] : last_us;
	}
	window.to_us = last_us == INT64_MAX ? INT_ABSENT : last_us;
	arg_timestamp(args, window.from_us);
	arg_timestamp(args, window.to_us);
	return ask_database(db, &forget, &rows);
}

bool claims_forget(struct db *db, const struct uuid *ids, const int64_t *no_later_us, size_t count)
{
	for (size_t i = 0; i < count; i += CHUNK)
		if (!forget_some(db, ids + i, no_later_us + i, count - i < CHUNK ? count - i : CHUNK))
			return false;
	return true;
}

static const struct sql letters_open = {
	"claims_letters_open",
	"SELECT count(*) FROM outbox WHERE exchange = 'dead' AND NOT parked",
};

bool claims_letters_open(struct db *db, int64_t *ret_count)
{
	struct rows rows;

	if (!ask_database(db, &letters_open, &rows))
		return false;
	*ret_count = row_int(&rows, 0, 0);
	return true;
}
