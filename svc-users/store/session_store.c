/* Sessions in PostgreSQL. Refresh tokens are stored as hashes only. */
#include "users/store/stores.h"

#include <string.h>

#include "users/usecases/decisions.h"

#define COLUMNS "id, user_id, current_hash, previous_hash, epoch, created_at, expires_at, rotated_at, revoked"

static struct token_hash row_hash(const struct rows *rows, int row, int column)
{
	struct token_hash hash = {{0}};
	const struct span bytes = row_bytes(rows, row, column);

	if (!row_null(rows, row, column) && bytes.size == sizeof(hash.bytes))
		memcpy(hash.bytes, bytes.bytes, bytes.size);
	return hash;
}

static void session_read(const struct rows *rows, int row, struct arena *arena, void *ret_session)
{
	(void)arena;
	*(struct session *)ret_session = (struct session){
		.id = row_uuid(rows, row, 0),
		.user_id = row_uuid(rows, row, 1),
		.current = row_hash(rows, row, 2),
		.previous = row_hash(rows, row, 3),
		.epoch = row_int(rows, row, 4),
		.created_at = row_timestamp(rows, row, 5),
		.expires_at = row_timestamp(rows, row, 6),
		.rotated_at = row_timestamp(rows, row, 7),
		.revoked = row_bool(rows, row, 8),
	};
}

static void session_write(struct args *args, const void *aggregate)
{
	const struct session *session = aggregate;
	const void *previous = session->rotated_at == INT_ABSENT ? NULL : session->previous.bytes;

	put_uuid(args, &session->id);
	put_uuid(args, &session->user_id);
	put_bytes(args, session->current.bytes, sizeof(session->current.bytes));
	put_bytes(args, previous, previous == NULL ? 0 : sizeof(session->previous.bytes));
	put_int(args, session->epoch);
	put_timestamp(args, session->created_at);
	put_timestamp(args, session->expires_at);
	put_timestamp(args, session->rotated_at);
	put_bool(args, session->revoked);
}

#define UNNEST                                                                                                         \
	"unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[], $6::timestamptz[],"                    \
	"  $7::timestamptz[], $8::timestamptz[], $9::boolean[]) AS given (" COLUMNS ")"

#define INSERT "INSERT INTO sessions (" COLUMNS ") SELECT * FROM " UNNEST

static const struct store_update updates[] = {
	{.sql = {"session_update", "UPDATE sessions SET current_hash = given.current_hash,"
				   " previous_hash = given.previous_hash, epoch = given.epoch,"
				   " expires_at = given.expires_at, rotated_at = given.rotated_at,"
				   " revoked = given.revoked FROM " UNNEST " WHERE sessions.id = given.id"},
	 .write = session_write,
	 .columns = 9},
};

const struct store session_store = {
	.kind = &session_kind,
	.load = {"session_load",
		 "SELECT " COLUMNS " FROM sessions WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"},
	.read = session_read,
	.insert_new = {"session_insert_new", INSERT},
	.insert_missing = {"session_insert", INSERT " ON CONFLICT DO NOTHING"},
	.write = session_write,
	.columns = 9,
	.updates = updates,
};
