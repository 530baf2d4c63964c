/* users.get: one statement reads the accounts of a whole batch. */
#include "users/queries/queries.h"

#include "users/store/stores.h"
#include "users/usecases/views.h"

void query_refuse_reader(struct txn *txn, struct query *query)
{
	if (query->message.caller.role == CALLER_NOBODY)
		query_refuse(txn, query, E_UNAUTHENTICATED, "unauthenticated", "Sign in first.");
	else
		query_refuse(txn, query, E_FORBIDDEN, "forbidden",
			     "This is somebody else's: only its owner and admins may see it.");
}

static const struct sql find_users = {"users_find",
				      "SELECT " USER_COLUMNS " FROM users WHERE id = ANY($1::uuid[]) ORDER BY id"};

static const struct uuid *wanted_id(const struct query *query)
{
	return &((const struct by_id *)query->message.body)->id;
}

/* The row with this id, among rows sorted by id; -1: there is none. */
static int row_of(const struct rows *rows, const struct uuid *id)
{
	int low = 0, high = rows->count - 1;

	while (low <= high) {
		const int middle = low + (high - low) / 2;
		const struct uuid found = row_uuid(rows, middle, 0);
		const int order = uuid_compare(&found, id);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return -1;
}

static void answer_user(struct txn *txn, struct query *query, const struct rows *rows)
{
	const int row = row_of(rows, wanted_id(query));
	struct user user;

	if (row < 0) {
		query_refuse(txn, query, E_NOT_FOUND, "not_found", "There is no account with this id.");
		return;
	}
	user_read(rows, row, txn_arena(txn), &user);
	const struct user_view view = user_view_of(&user);
	query_reply(txn, query, &view);
}

enum status get_users(struct txn *txn, struct query **queries, size_t count)
{
	struct uuid *ids = arena_new(txn_arena(txn), count, sizeof(*ids));
	struct query **allowed = arena_new(txn_arena(txn), count, sizeof(struct query *));
	size_t allowed_count = 0;
	struct rows rows;

	for (size_t i = 0; i < count; i++) {
		if (!user_visible_to(wanted_id(queries[i]), &queries[i]->message.caller)) {
			query_refuse_reader(txn, queries[i]);
			continue;
		}
		ids[allowed_count] = *wanted_id(queries[i]);
		allowed[allowed_count++] = queries[i];
	}
	if (allowed_count == 0)
		return OK;
	arg_uuids(db_args(txn_db(txn)), ids, allowed_count);
	const enum status status = db_run(txn_db(txn), &find_users, &rows);
	for (size_t i = 0; status == OK && i < allowed_count; i++)
		answer_user(txn, allowed[i], &rows);
	return status;
}
