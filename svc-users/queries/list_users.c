/* users.list: pages of accounts, newest first. An id begins with the time of its creation (UUIDv7). The cursor is the
 * id of the last account on the page. */
#include "users/queries/queries.h"

#include <string.h>

#include "users/store/stores.h"
#include "users/usecases/views.h"

static const struct sql list_page = {"users_page",
				     "SELECT " USER_COLUMNS " FROM users WHERE id < $1 ORDER BY id DESC LIMIT $2"};

static enum status read_cursor(const char *cursor, struct uuid *ret_before)
{
	if (cursor != NULL)
		return uuid_parse(cursor, strlen(cursor), ret_before);
	memset(ret_before->bytes, 0xff, sizeof(ret_before->bytes));
	return OK;
}

/* `rows` may hold one row more than the page: then there is a next page. */
static void answer_page(struct txn *txn, struct query *query, const struct rows *rows, size_t limit)
{
	struct arena *arena = txn_arena(txn);
	const size_t found = (size_t)rows->count, count = found < limit ? found : limit;
	struct user_view *views = arena_new(arena, count, sizeof(*views));
	struct user_page page = {.items = {.items = views, .count = count}};

	for (size_t i = 0; i < count; i++) {
		struct user user;

		user_read(rows, (int)i, arena, &user);
		views[i] = user_view_of(&user);
	}
	if (found > limit) {
		char *next = arena_new(arena, 1, UUID_TEXT + 1);

		uuid_text(&views[count - 1].id, next);
		page.next = next;
	}
	query_reply(txn, query, &page);
}

static enum status list_one(struct txn *txn, struct query *query)
{
	const struct page_query *wanted = query->message.body;
	const int64_t limit = wanted->limit == INT_ABSENT ? PAGE_DEFAULT : wanted->limit;
	struct uuid before;
	struct rows rows;

	if (query->message.caller.role != CALLER_ADMIN) {
		query_refuse_reader(txn, query);
		return OK;
	}
	if (read_cursor(wanted->cursor, &before) != OK) {
		query_refuse(txn, query, E_MALFORMED, "bad_cursor", "This cursor was not given out here.");
		return OK;
	}
	struct args *args = db_args(txn_db(txn));
	arg_uuid(args, &before);
	arg_int(args, limit + 1); /* one more row shows whether there is a next page */
	const enum status status = db_run(txn_db(txn), &list_page, &rows);
	if (status == OK)
		answer_page(txn, query, &rows, (size_t)limit);
	return status;
}

/* One statement per request: only admins list accounts, and seldom. */
enum status list_users(struct txn *txn, struct query **queries, size_t count)
{
	enum status status = OK;

	for (size_t i = 0; status == OK && i < count; i++)
		status = list_one(txn, queries[i]);
	return status;
}
