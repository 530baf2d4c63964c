/* Reading: users.get, users.list, users.keys. */
#include "users/service.h"

#include <string.h>

/* ---- users.get ---- */

static const struct sql find_users = {"users_find",
				      "SELECT " USER_COLUMNS " FROM users WHERE id = ANY($1::uuid[]) ORDER BY id"};

static const struct uuid *wanted_id(const struct query *query)
{
	return &((const struct by_id *)query->message.body)->id;
}

/* Rows come sorted by id; -1: there is none. */
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

static void refuse_reader(struct consumer *consumer, struct query *query)
{
	if (query->message.caller.role == CALLER_NOBODY)
		query_refuse(consumer, query, E_UNAUTHENTICATED, "unauthenticated", "Sign in first.");
	else
		query_refuse(consumer, query, E_FORBIDDEN, "forbidden",
			     "This is somebody else's: only its owner and admins may see it.");
}

static void answer_user(struct consumer *consumer, struct query *query, const struct rows *rows)
{
	const int row = row_of(rows, wanted_id(query));
	struct user user;

	if (row < 0) {
		query_refuse(consumer, query, E_NOT_FOUND, "not_found", "There is no account with this id.");
		return;
	}
	user_read(rows, row, consumer_arena(consumer), &user);
	const struct user_view view = user_view(&user);
	query_reply(consumer, query, &view);
}

enum status read_users(struct consumer *consumer, struct query **queries, size_t count)
{
	struct uuid *ids = arena_new(consumer_arena(consumer), count, sizeof(*ids));
	struct query **allowed = arena_new(consumer_arena(consumer), count, sizeof(struct query *));
	size_t allowed_count = 0;
	struct rows rows;

	for (size_t i = 0; i < count; i++) {
		if (!may_see(&queries[i]->message.caller, wanted_id(queries[i]))) {
			refuse_reader(consumer, queries[i]);
			continue;
		}
		ids[allowed_count] = *wanted_id(queries[i]);
		allowed[allowed_count++] = queries[i];
	}
	if (allowed_count == 0)
		return OK;
	arg_uuids(db_args(consumer_db(consumer)), ids, allowed_count);
	const enum status status = db_run(consumer_db(consumer), &find_users, &rows);
	for (size_t i = 0; status == OK && i < allowed_count; i++)
		answer_user(consumer, allowed[i], &rows);
	return status;
}

/* ---- users.list: newest first. Ids are in order of time, so the cursor is the last one's id ---- */

static const struct sql list_page = {"users_page",
				     "SELECT " USER_COLUMNS " FROM users WHERE id < $1 ORDER BY id DESC LIMIT $2"};

static enum status read_cursor(const char *cursor, struct uuid *ret_before)
{
	if (cursor != NULL)
		return uuid_parse(cursor, strlen(cursor), ret_before);
	memset(ret_before->bytes, 0xff, sizeof(ret_before->bytes));
	return OK;
}

/* One row more than fits was asked for: it says whether there is a next page. */
static void answer_page(struct consumer *consumer, struct query *query, const struct rows *rows, size_t limit)
{
	struct arena *arena = consumer_arena(consumer);
	const size_t found = (size_t)rows->count, count = found < limit ? found : limit;
	struct user_view *views = arena_new(arena, count, sizeof(*views));
	struct user_page page = {.items = {views, count}};

	for (size_t i = 0; i < count; i++) {
		struct user user;

		user_read(rows, (int)i, arena, &user);
		views[i] = user_view(&user);
	}
	if (found > limit) {
		char *next = arena_new(arena, 1, UUID_TEXT + 1);

		uuid_text(&views[count - 1].id, next);
		page.next = next;
	}
	query_reply(consumer, query, &page);
}

static enum status list_one(struct consumer *consumer, struct query *query)
{
	const struct page_query *wanted = query->message.body;
	const int64_t limit = wanted->limit == INT_ABSENT ? PAGE_DEFAULT : wanted->limit;
	struct uuid before;
	struct rows rows;

	if (query->message.caller.role != CALLER_ADMIN) {
		refuse_reader(consumer, query);
		return OK;
	}
	if (read_cursor(wanted->cursor, &before) != OK) {
		query_refuse(consumer, query, E_MALFORMED, "bad_cursor", "This cursor was not given out here.");
		return OK;
	}
	struct args *args = db_args(consumer_db(consumer));
	arg_uuid(args, &before);
	arg_int(args, limit + 1);
	const enum status status = db_run(consumer_db(consumer), &list_page, &rows);
	if (status == OK)
		answer_page(consumer, query, &rows, (size_t)limit);
	return status;
}

/* Only admins list accounts, and seldom: one statement each. */
enum status list_users(struct consumer *consumer, struct query **queries, size_t count)
{
	enum status status = OK;

	for (size_t i = 0; status == OK && i < count; i++)
		status = list_one(consumer, queries[i]);
	return status;
}

/* ---- users.keys ---- */

enum status read_keys(struct consumer *consumer, struct query **queries, size_t count)
{
	const struct users_settings *settings = consumer_settings(consumer);
	const struct token_key *other = settings->other_key;
	const struct keys_view view = {
		.keys = arena_format(consumer_arena(consumer), "[%s%s%s]", token_key_jwk(settings->signing_key),
				     other == NULL ? "" : ",", other == NULL ? "" : token_key_jwk(other)),
	};

	for (size_t i = 0; i < count; i++)
		query_reply(consumer, queries[i], &view);
	return OK;
}
