/* Queries on inbox_events and processed_events. */
#include "ctl/lib/dedup_admin.h"

#include <string.h>

#include "ctl/lib/connect.h"
#include "ctl/lib/id_map.h"

enum { CHUNK = 5000 };

/* An event is processed after it was made, nearly always within a minute. Clocks of machines may differ. */
#define SKEW_US (5 * MINUTE_US)
#define SOON_US MINUTE_US

/* ---- the rows of processed_events that can hold an event ---- */

/* The time in an id; INT_ABSENT where it holds none. A UUIDv7 begins with its milliseconds (RFC 9562, 5.7). */
static int64_t made_at(const struct uuid *id)
{
	int64_t ms = 0;

	if (id->bytes[6] >> 4 != 7)
		return INT_ABSENT;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return ms * MS_US;
}

/* Bounds of received_at. INT_ABSENT: no bound. */
struct window {
	int64_t from_us, to_us;
};

/* From the oldest of the events to the youngest. */
static struct window made_within(const struct uuid *ids, size_t count)
{
	struct window window = {.from_us = INT64_MAX, .to_us = 0};

	for (size_t i = 0; i < count; i++) {
		const int64_t made = made_at(&ids[i]);

		if (made == INT_ABSENT)
			return (struct window){.from_us = INT_ABSENT, .to_us = INT_ABSENT};
		window.from_us = made < window.from_us ? made : window.from_us;
		window.to_us = made > window.to_us ? made : window.to_us;
	}
	return window;
}

static struct window processed_soon(struct window made)
{
	return (struct window){.from_us = made.from_us - SOON_US, .to_us = made.to_us + SOON_US};
}

static struct window processed_since(int64_t at_us)
{
	return (struct window){.from_us = at_us == INT_ABSENT ? INT_ABSENT : at_us - SKEW_US, .to_us = INT_ABSENT};
}

/* ---- finding ---- */

static const struct sql find_in_inbox = {
	"dedup_find_in_inbox",
	"SELECT given.position, inbox_events.received_at FROM unnest($1::uuid[], $2::bigint[]) AS given (id, position)"
	" JOIN inbox_events ON inbox_events.id = given.id",
};

static bool search_inbox(struct db *db, const struct uuid *ids, size_t count, int64_t *ret_processed_us)
{
	struct args *args = db_args(db);
	struct rows rows;

	args_columns(args, 2);
	for (size_t i = 0; i < count; i++) {
		put_uuid(args, &ids[i]);
		put_int(args, (int64_t)i);
		ret_processed_us[i] = INT_ABSENT;
	}
	if (!query_database(db, &find_in_inbox, &rows))
		return false;
	for (int row = 0; row < rows.count; row++)
		ret_processed_us[row_int(&rows, row, 0)] = row_timestamp(&rows, row, 1);
	return true;
}

/* $2, $3: bounds of received_at; null: none. "IS TRUE" makes PostgreSQL look ids up in a hash table. A join would be a
 * nested loop in sessions with the settings of this program, and compare each id with each other. */
static const struct sql find_in_processed = {
	"dedup_find_in_processed",
	"SELECT id, min(received_at) FROM (SELECT received_at, unnest(ids) AS id FROM processed_events"
	"  WHERE received_at >= coalesce($2, '-infinity') AND received_at <= coalesce($3, 'infinity')) AS processed"
	" WHERE (id IN (SELECT unnest($1::uuid[]))) IS TRUE GROUP BY id",
};

/* Looks for the events that are not found yet. */
static bool search_processed(struct db *db, const struct uuid *ids, size_t count, struct window window,
			     int64_t *processed_us)
{
	struct uuid *missing = mem_new(count + 1, sizeof(*missing));
	size_t missing_count = 0;
	struct id_map found;
	struct rows rows;
	bool fine = true;

	for (size_t i = 0; i < count; i++)
		if (processed_us[i] == INT_ABSENT)
			missing[missing_count++] = ids[i];
	id_map_init(&found);
	if (missing_count > 0) {
		arg_uuids(db_args(db), missing, missing_count);
		arg_timestamp(db_args(db), window.from_us);
		arg_timestamp(db_args(db), window.to_us);
		fine = query_database(db, &find_in_processed, &rows);
	}
	for (int row = 0; missing_count > 0 && fine && row < rows.count; row++) {
		const struct uuid id = row_uuid(&rows, row, 0);

		id_map_put(&found, &id, row_timestamp(&rows, row, 1));
	}
	for (size_t i = 0; fine && i < count; i++)
		if (processed_us[i] == INT_ABSENT && id_map_get(&found, &ids[i]) != ID_MAP_NONE)
			processed_us[i] = id_map_get(&found, &ids[i]);
	id_map_done(&found);
	free(missing);
	return fine;
}

/* In the order of cost: by the index on ids, then near the time of the events, then in all rows since then. */
static bool find_some(struct db *db, const struct uuid *ids, size_t count, int64_t since_us, int64_t *ret_processed_us)
{
	const struct window made = made_within(ids, count);
	const bool since_known = since_us != INT_ABSENT;

	return search_inbox(db, ids, count, ret_processed_us) &&
	       (since_known || made.from_us == INT_ABSENT ||
		search_processed(db, ids, count, processed_soon(made), ret_processed_us)) &&
	       search_processed(db, ids, count, processed_since(since_known ? since_us : made.from_us),
				ret_processed_us);
}

bool dedup_find(struct db *db, const struct uuid *ids, size_t count, int64_t since_us, int64_t *ret_processed_us)
{
	for (size_t i = 0; i < count; i += CHUNK)
		if (!find_some(db, ids + i, count - i < CHUNK ? count - i : CHUNK, since_us, ret_processed_us + i))
			return false;
	return true;
}

/* ---- deleting ---- */

/* $3, $4: bounds of received_at; null: none. A row of processed_events that is left without ids stays until it is
 * pruned. */
static const struct sql forget = {
	"dedup_forget",
	"WITH given AS (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) AS given (id, no_later)),"
	" counted AS (DELETE FROM attempts USING given WHERE attempts.id = given.id),"
	" updated AS (UPDATE processed_events SET ids = ARRAY(SELECT kept.id FROM unnest(ids) AS kept (id)"
	"  WHERE NOT EXISTS"
	"   (SELECT FROM given WHERE given.id = kept.id"
	"    AND (given.no_later IS NULL OR processed_events.received_at <= given.no_later)))"
	"  WHERE received_at >= coalesce($3, '-infinity') AND received_at <= coalesce($4, 'infinity') AND EXISTS"
	"   (SELECT FROM unnest(ids) AS id WHERE (id IN (SELECT unnest($1::uuid[]))) IS TRUE))"
	" DELETE FROM inbox_events USING given WHERE inbox_events.id = given.id"
	"  AND (given.no_later IS NULL OR inbox_events.received_at <= given.no_later)",
};

static bool forget_some(struct db *db, const struct uuid *ids, const int64_t *no_later_us, size_t count)
{
	struct window window = processed_since(made_within(ids, count).from_us);
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
	return query_database(db, &forget, &rows);
}

bool dedup_forget(struct db *db, const struct uuid *ids, const int64_t *no_later_us, size_t count)
{
	for (size_t i = 0; i < count; i += CHUNK)
		if (!forget_some(db, ids + i, no_later_us + i, count - i < CHUNK ? count - i : CHUNK))
			return false;
	return true;
}

static const struct sql count_unsent = {
	"dead_letters_unsent",
	"SELECT count(*) FROM outbox WHERE exchange = 'dead' AND NOT parked",
};

bool unsent_dead_letters(struct db *db, int64_t *ret_count)
{
	struct rows rows;

	if (!query_database(db, &count_unsent, &rows))
		return false;
	*ret_count = row_int(&rows, 0, 0);
	return true;
}
