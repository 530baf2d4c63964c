/* The inbox tables, as an operator may see them. */
#include "claims.h"

#include <string.h>

#include "connect.h"

enum { CHUNK = 5000 };

bool claims_kept(const char *house)
{
	return strcmp(house, "users") != 0;
}

static const struct sql look = {
	"claims_look",
	"SELECT given.place, inbox_events.received_at FROM unnest($1::uuid[], $2::bigint[]) AS given (id, place)"
	" JOIN inbox_events ON inbox_events.id = given.id",
};

static bool look_at(struct db *db, const struct uuid *ids, size_t count, int64_t *ret_claimed_us)
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
		ret_claimed_us[row_int(&rows, row, 0)] = row_moment(&rows, row, 1);
	return true;
}

bool claims_look(struct db *db, const struct uuid *ids, size_t count, int64_t *ret_claimed_us)
{
	for (size_t i = 0; i < count; i += CHUNK)
		if (!look_at(db, ids + i, count - i < CHUNK ? count - i : CHUNK, ret_claimed_us + i))
			return false;
	return true;
}

static const struct sql forget = {
	"claims_forget",
	"WITH given AS (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) AS given (id, no_later)),"
	" counted AS (DELETE FROM attempts USING given WHERE attempts.id = given.id)"
	" DELETE FROM inbox_events USING given WHERE inbox_events.id = given.id"
	"  AND (given.no_later IS NULL OR inbox_events.received_at <= given.no_later)",
};

bool claims_forget(struct db *db, const struct uuid *ids, const int64_t *no_later_us, size_t count)
{
	struct rows rows;

	for (size_t i = 0; i < count;) {
		struct args *args = db_args(db);

		args_columns(args, 2);
		for (size_t n = 0; n < CHUNK && i < count; n++, i++) {
			put_uuid(args, &ids[i]);
			put_moment(args, no_later_us[i] == INT64_MAX ? INT_ABSENT : no_later_us[i]);
		}
		if (!ask_database(db, &forget, &rows))
			return false;
	}
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
