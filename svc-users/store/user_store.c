/* Accounts in PostgreSQL. */
#include "users/store/stores.h"

#include <string.h>

#include "users/usecases/decisions.h"

/* Whether a column of the table has this name of the contract; the table's CHECK lists the same names. */
static bool has_name(struct span text, const char *name)
{
	return text.size == strlen(name) && memcmp(text.bytes, name, text.size) == 0;
}

void user_read(const struct rows *rows, int row, struct arena *arena, void *ret_user)
{
	*(struct user *)ret_user = (struct user){
		.id = row_uuid(rows, row, 0),
		.email = row_text(rows, row, 1, arena),
		.name = row_text(rows, row, 2, arena),
		.admin = has_name(row_bytes(rows, row, 3), user_role_names[ROLE_ADMIN]),
		.disabled = !has_name(row_bytes(rows, row, 4), user_status_names[USER_ACTIVE]),
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
	put_text(args, user_role_names[user->admin ? ROLE_ADMIN : ROLE_CUSTOMER]);
	put_text(args, user_status_names[user->disabled ? USER_INACTIVE : USER_ACTIVE]);
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

/* A buyer is only read when an order is answered. A row lock would add one write per order. */
const struct store buyer_store = {
	.kind = &buyer_kind,
	.load = {"buyer_load", "SELECT " USER_COLUMNS " FROM users WHERE id = ANY($1::uuid[])"},
	.read = user_read,
};
