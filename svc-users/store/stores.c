/* How accounts, e-mail claims and sessions live in PostgreSQL. */
#include "users/service.h"

#include <string.h>

/* The index of a text in a list of names; the table's CHECK knows the same names. */
static int index_of(const char *const *names, struct span text)
{
	int index = 0;

	while (names[index] != NULL &&
	       (strlen(names[index]) != text.size || memcmp(names[index], text.bytes, text.size) != 0))
		index++;
	return names[index] != NULL ? index : -1;
}

/* ---- users ---- */

void user_read(const struct rows *rows, int row, struct arena *arena, void *ret_user)
{
	*(struct user *)ret_user = (struct user){
		.id = row_uuid(rows, row, 0),
		.email = row_text(rows, row, 1, arena),
		.name = row_text(rows, row, 2, arena),
		.role = index_of(user_role_names, row_bytes(rows, row, 3)),
		.status = index_of(user_status_names, row_bytes(rows, row, 4)),
		.password_hash = row_text(rows, row, 5, arena),
		.session_epoch = row_int(rows, row, 6),
		.version = row_int(rows, row, 7),
		.created_at = row_timestamp(rows, row, 8),
		.updated_at = row_timestamp(rows, row, 9),
	};
}

static void user_write(struct args *args, const void *aggregate)
{
	const struct user *user = aggregate;

	put_uuid(args, &user->id);
	put_text(args, user->email);
	put_text(args, user->name);
	put_text(args, user_role_names[user->role]);
	put_text(args, user_status_names[user->status]);
	put_text(args, user->password_hash);
	put_int(args, user->session_epoch);
	put_int(args, user->version);
	put_timestamp(args, user->created_at);
	put_timestamp(args, user->updated_at);
}

#define UNNEST_USERS                                                                                                   \
	"unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],"   \
	"  $9::timestamptz[], $10::timestamptz[]) AS given (" USER_COLUMNS ")"

#define INSERT_USERS "INSERT INTO users (" USER_COLUMNS ") SELECT * FROM " UNNEST_USERS

static const struct store_update user_updates[] = {
	{.sql = {"user_update", "UPDATE users SET name = given.name, role = given.role, status = given.status,"
				" password_hash = given.password_hash, session_epoch = given.session_epoch,"
				" version = given.version, updated_at = given.updated_at FROM " UNNEST_USERS
				" WHERE users.id = given.id"},
	 .write = user_write,
	 .columns = 10},
};

const struct store user_store = {
	.kind = &user_kind,
	.load = {"user_load",
		 "SELECT " USER_COLUMNS " FROM users WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"},
	.read = user_read,
	.insert_new = {"user_insert_new", INSERT_USERS},
	.insert_missing = {"user_insert", INSERT_USERS " ON CONFLICT DO NOTHING"},
	.write = user_write,
	.columns = 10,
	.updates = user_updates,
};

/* Who answers an order looks at its buyer and leaves no trace: a row lock would be a write for each order. */
const struct store buyer_store = {
	.kind = &buyer_kind,
	.load = {"buyer_load", "SELECT " USER_COLUMNS " FROM users WHERE id = ANY($1::uuid[])"},
	.read = user_read,
};

/* ---- e-mail claims: made, never changed ---- */

static void email_claim_read(const struct rows *rows, int row, struct arena *arena, void *ret_claim)
{
	(void)arena;
	*(struct email_claim *)ret_claim =
		(struct email_claim){.id = row_uuid(rows, row, 0), .user_id = row_uuid(rows, row, 1)};
}

static void email_claim_write(struct args *args, const void *aggregate)
{
	const struct email_claim *claim = aggregate;

	put_uuid(args, &claim->id);
	put_uuid(args, &claim->user_id);
}

#define UNNEST_CLAIMS "unnest($1::uuid[], $2::uuid[]) AS given (id, user_id)"

#define INSERT_CLAIMS "INSERT INTO email_claims (id, user_id) SELECT * FROM " UNNEST_CLAIMS

static const struct store_update email_claim_updates[] = {
	{.sql = {"email_claim_update", "UPDATE email_claims SET user_id = given.user_id FROM " UNNEST_CLAIMS
				       " WHERE email_claims.id = given.id"},
	 .write = email_claim_write,
	 .columns = 2},
};

const struct store email_claim_store = {
	.kind = &email_claim_kind,
	.load = {"email_claim_load",
		 "SELECT id, user_id FROM email_claims WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"},
	.read = email_claim_read,
	.insert_new = {"email_claim_insert_new", INSERT_CLAIMS},
	.insert_missing = {"email_claim_insert", INSERT_CLAIMS " ON CONFLICT DO NOTHING"},
	.write = email_claim_write,
	.columns = 2,
	.updates = email_claim_updates,
};

/* ---- sessions ---- */

#define SESSION_COLUMNS "id, user_id, current_hash, previous_hash, epoch, created_at, expires_at, rotated_at, revoked"

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

#define UNNEST_SESSIONS                                                                                                \
	"unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[], $6::timestamptz[],"                    \
	"  $7::timestamptz[], $8::timestamptz[], $9::boolean[]) AS given (" SESSION_COLUMNS ")"

#define INSERT_SESSIONS "INSERT INTO sessions (" SESSION_COLUMNS ") SELECT * FROM " UNNEST_SESSIONS

static const struct store_update session_updates[] = {
	{.sql = {"session_update", "UPDATE sessions SET current_hash = given.current_hash,"
				   " previous_hash = given.previous_hash, epoch = given.epoch,"
				   " expires_at = given.expires_at, rotated_at = given.rotated_at,"
				   " revoked = given.revoked FROM " UNNEST_SESSIONS " WHERE sessions.id = given.id"},
	 .write = session_write,
	 .columns = 9},
};

const struct store session_store = {
	.kind = &session_kind,
	.load = {"session_load",
		 "SELECT " SESSION_COLUMNS " FROM sessions WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"},
	.read = session_read,
	.insert_new = {"session_insert_new", INSERT_SESSIONS},
	.insert_missing = {"session_insert", INSERT_SESSIONS " ON CONFLICT DO NOTHING"},
	.write = session_write,
	.columns = 9,
	.updates = session_updates,
};
