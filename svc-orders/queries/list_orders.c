/* orders.list: pages of orders, newest first. An id begins with the time of its creation (UUIDv7), so a page begins
 * below the last id of the page before. A new order neither repeats nor hides an order of a later page. */
#include "orders/queries/queries.h"

#include <string.h>

#include "orders/store/stores.h"
#include "orders/usecases/views.h"

/* What one request asks for. */
struct page {
	struct uuid user_id; /* nil: of all users */
	struct uuid below;
	int64_t limit;
	enum order_state from, to; /* of the saga */
};

static const struct {
	enum order_state from, to;
} states_of[] = {
	[ORDER_STATUS_PENDING] = {PENDING, STOCK_HELD},    [ORDER_STATUS_CONFIRMED] = {CONFIRMED, CONFIRMED},
	[ORDER_STATUS_REJECTED] = {REJECTED, REJECTED},    [ORDER_STATUS_EXPIRED] = {EXPIRED, EXPIRED},
	[ORDER_STATUS_CANCELLED] = {CANCELLED, CANCELLED},
};

/* ---- reading the request ---- */

/* The cursor is the id of the last order on the page before. */
static enum status read_cursor(const char *cursor, struct uuid *ret_below)
{
	if (cursor != NULL)
		return uuid_parse(cursor, strlen(cursor), ret_below);
	memset(ret_below, 0xff, sizeof(*ret_below));
	return OK;
}

/* False: the request was refused. */
static bool read_page(struct txn *txn, struct query *query, struct page *ret_page)
{
	const struct page_query *wanted = query->message.body;
	const struct caller *caller = &query->message.caller;
	struct page page = {.user_id = wanted->user_id, .limit = wanted->limit, .from = PENDING, .to = CANCELLED};

	if (caller->role == CALLER_NOBODY) {
		query_refuse(txn, query, E_UNAUTHENTICATED, "unauthenticated", "Sign in to list orders.");
		return false;
	}
	if (caller->role != CALLER_ADMIN) {
		if (!uuid_is_nil(&page.user_id) && !uuid_equal(&page.user_id, &caller->user_id)) {
			query_refuse(txn, query, E_FORBIDDEN, "forbidden", "Only admins list the orders of others.");
			return false;
		}
		page.user_id = caller->user_id;
	}
	if (read_cursor(wanted->cursor, &page.below) != OK) {
		query_refuse(txn, query, E_MALFORMED, "bad_cursor", "The cursor is not one that a list gave.");
		return false;
	}
	if (wanted->status >= 0) {
		page.from = states_of[wanted->status].from;
		page.to = states_of[wanted->status].to;
	}
	*ret_page = page;
	return true;
}

/* ---- replying ---- */

/* A request whose statement was sent. */
struct asked {
	struct txn *txn;
	struct query *query;
};

static enum status answer_page(void *context, const struct rows *rows)
{
	const struct asked *asked = context;
	const struct page_query *wanted = asked->query->message.body;
	struct arena *arena = txn_arena(asked->txn);
	bool more = rows->count > wanted->limit;
	size_t count = (size_t)(more ? wanted->limit : rows->count);
	struct order_view *views = arena_new(arena, count, sizeof(*views));
	struct order_page page = {.items = {.items = views, .count = count}};
	char cursor[UUID_TEXT + 1];

	for (size_t i = 0; i < count; i++) {
		struct order order = {0};

		order_read(rows, (int)i, arena, &order);
		views[i] = *order_view_of(&order, arena);
	}
	if (more) {
		uuid_text(&views[count - 1].id, cursor);
		page.next = cursor;
	}
	query_reply(asked->txn, asked->query, &page);
	return OK;
}

/* ---- reading the rows ---- */

#define IN_STATES_NEWEST_FIRST "id < $1 AND state BETWEEN $2 AND $3 ORDER BY id DESC LIMIT $4"

static const struct sql list_all = {
	"orders_list_all",
	"SELECT " ORDER_COLUMNS " FROM orders WHERE " IN_STATES_NEWEST_FIRST,
};
static const struct sql list_of_user = {
	"orders_list_of_user",
	"SELECT " ORDER_COLUMNS " FROM orders WHERE user_id = $5 AND " IN_STATES_NEWEST_FIRST,
};

static void send_page(struct txn *txn, struct query *query, const struct page *page)
{
	struct args *args = db_args(txn_db(txn));
	struct asked *asked = arena_new(txn_arena(txn), 1, sizeof(*asked));

	*asked = (struct asked){.txn = txn, .query = query};
	arg_uuid(args, &page->below);
	arg_int(args, page->from);
	arg_int(args, page->to);
	arg_int(args, page->limit + 1); /* one more row shows whether there is a next page */
	if (!uuid_is_nil(&page->user_id))
		arg_uuid(args, &page->user_id);
	db_send(txn_db(txn), uuid_is_nil(&page->user_id) ? &list_all : &list_of_user, answer_page, asked);
}

enum status list_orders(struct txn *txn, struct query **queries, size_t count)
{
	size_t sent = 0;

	for (size_t i = 0; i < count; i++) {
		struct page page;

		if (!read_page(txn, queries[i], &page))
			continue;
		send_page(txn, queries[i], &page);
		sent++;
	}
	return sent == 0 ? OK : db_sync(txn_db(txn));
}
