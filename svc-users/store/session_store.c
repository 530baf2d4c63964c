/* Sessions in PostgreSQL. Refresh tokens are stored as hashes only. */
#include "users/store/stores.h"

#include <string.h>

#include "users/usecases/decisions.h"

#define COLUMNS                                                                                                        \
	"id, user_id, current_hash, previous_hash, epoch, created_at, expires_at, rotated_at, revoked, sibling_tokens"

static struct token_hash row_hash(const struct rows *rows, int row, int column)
{
	struct token_hash hash = {{0}};
	const struct span bytes = row_bytes(rows, row, column);

	if (!row_null(rows, row, column) && bytes.size == sizeof(hash.bytes))
		memcpy(hash.bytes, bytes.bytes, bytes.size);
	return hash;
}

/* ---- tokens beside the newest one: the format is described in the migration that adds the column ---- */

enum { HASH = sizeof(struct token_hash), SIBLING = 2 * HASH + 8 };

static void sibling_read(const uint8_t *bytes, struct live_token *ret_token)
{
	uint64_t used_at = 0;

	memcpy(ret_token->hash.bytes, bytes, HASH);
	memcpy(ret_token->parent.bytes, bytes + HASH, HASH);
	for (int i = 0; i < 8; i++)
		used_at = used_at << 8 | bytes[2 * HASH + i];
	ret_token->parent_used_at = (int64_t)used_at;
}

static void sibling_write(const struct live_token *token, uint8_t ret_bytes[SIBLING])
{
	const uint64_t used_at = (uint64_t)token->parent_used_at;

	memcpy(ret_bytes, token->hash.bytes, HASH);
	memcpy(ret_bytes + HASH, token->parent.bytes, HASH);
	for (int i = 0; i < 8; i++)
		ret_bytes[2 * HASH + i] = (uint8_t)(used_at >> (56 - 8 * i));
}

static void siblings_read(struct span bytes, struct session *session)
{
	for (size_t at = 0; at + SIBLING <= bytes.size && session->token_count < SESSION_TOKENS_MAX; at += SIBLING)
		sibling_read((const uint8_t *)bytes.bytes + at, &session->tokens[session->token_count++]);
}

static void session_read(const struct rows *rows, int row, struct arena *arena, void *ret_session)
{
	struct session *session = ret_session;

	(void)arena;
	*session = (struct session){
		.id = row_uuid(rows, row, 0),
		.user_id = row_uuid(rows, row, 1),
		.tokens = {{.hash = row_hash(rows, row, 2),
			    .parent = row_hash(rows, row, 3),
			    .parent_used_at = row_timestamp(rows, row, 7)}},
		.token_count = 1,
		.epoch = row_int(rows, row, 4),
		.created_at = row_timestamp(rows, row, 5),
		.expires_at = row_timestamp(rows, row, 6),
		.revoked = row_bool(rows, row, 8),
	};
	if (!row_null(rows, row, 9))
		siblings_read(row_bytes(rows, row, 9), session);
}

static void session_write(struct args *args, const void *aggregate)
{
	const struct session *session = aggregate;
	const struct live_token *newest = &session->tokens[0];
	const void *previous = newest->parent_used_at == INT_ABSENT ? NULL : newest->parent.bytes;
	const size_t siblings = session->token_count - 1;
	uint8_t bytes[(SESSION_TOKENS_MAX - 1) * SIBLING];

	for (size_t i = 0; i < siblings; i++)
		sibling_write(&session->tokens[1 + i], bytes + i * SIBLING);
	put_uuid(args, &session->id);
	put_uuid(args, &session->user_id);
	put_bytes(args, newest->hash.bytes, HASH);
	put_bytes(args, previous, previous == NULL ? 0 : HASH);
	put_int(args, session->epoch);
	put_timestamp(args, session->created_at);
	put_timestamp(args, session->expires_at);
	put_timestamp(args, newest->parent_used_at);
	put_bool(args, session->revoked);
	put_bytes(args, siblings == 0 ? NULL : bytes, siblings * SIBLING);
}

#define UNNEST                                                                                                         \
	"unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[], $6::timestamptz[],"                    \
	"  $7::timestamptz[], $8::timestamptz[], $9::boolean[], $10::bytea[]) AS given (" COLUMNS ")"

#define INSERT "INSERT INTO sessions (" COLUMNS ") SELECT * FROM " UNNEST

static const struct store_update updates[] = {
	{.sql = {"session_update", "UPDATE sessions SET current_hash = given.current_hash,"
				   " previous_hash = given.previous_hash, epoch = given.epoch,"
				   " expires_at = given.expires_at, rotated_at = given.rotated_at,"
				   " revoked = given.revoked, sibling_tokens = given.sibling_tokens FROM " UNNEST
				   " WHERE sessions.id = given.id"},
	 .write = session_write,
	 .columns = 10},
};

const struct store session_store = {
	.kind = &session_kind,
	.load = {"session_load",
		 "SELECT " COLUMNS " FROM sessions WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"},
	.read = session_read,
	.insert_new = {"session_insert_new", INSERT},
	.insert_missing = {"session_insert", INSERT " ON CONFLICT DO NOTHING"},
	.write = session_write,
	.columns = 10,
	.updates = updates,
};
