/* products.list: pages of products, newest first. An id begins with the time of its creation (UUIDv7), so a page begins
 * below the last id of the page before. A new product neither repeats nor hides a product of a later page. */
#include <string.h>

#include "products/queries/queries.h"
#include "products/store/stores.h"
#include "products/usecases/views.h"

/* One word as a pattern for ILIKE: anywhere in the text, with the special characters of ILIKE escaped. */
static const char *pattern_of(const char *word, size_t size, struct arena *arena)
{
	char *pattern = arena_new(arena, 2 * size + 3, 1);
	size_t at = 0;

	pattern[at++] = '%';
	for (size_t i = 0; i < size; i++) {
		if (strchr("%_\\", word[i]) != NULL)
			pattern[at++] = '\\';
		pattern[at++] = word[i];
	}
	pattern[at] = '%';
	return pattern;
}

/* The words of a search as patterns. All must match; no pattern matches everything. */
static struct list patterns_of(const char *words, struct arena *arena)
{
	static const char blanks[] = " \t\r\n";
	size_t room = words == NULL ? 0 : strlen(words);
	const char **patterns = arena_new(arena, room + 1, sizeof(*patterns));
	size_t count = 0;

	while (words != NULL && *(words += strspn(words, blanks)) != '\0') {
		size_t size = strcspn(words, blanks);

		patterns[count++] = pattern_of(words, size, arena);
		words += size;
	}
	return (struct list){.items = patterns, .count = count};
}

/* A word has no line break, so no word matches across two fields. */
static const struct sql list = {
	"product_list",
	"SELECT " PRODUCT_COLUMNS " FROM products WHERE id < $1 AND ($2::text IS NULL OR status = $2) "
	"AND (name || E'\\n' || sku || E'\\n' || description) ILIKE ALL ($3::text[]) ORDER BY id DESC LIMIT $4"};

/* A request whose statement was sent. */
struct asked {
	struct txn *txn;
	struct query *query;
};

static enum status list_answer(void *context, const struct rows *rows)
{
	const struct asked *asked = context;
	const struct page_query *wanted = asked->query->message.body;
	struct arena *arena = txn_arena(asked->txn);
	int shown = rows->count > wanted->limit ? (int)wanted->limit : rows->count;
	struct product_view *views = arena_new(arena, (size_t)shown + 1, sizeof(*views));
	struct product_page page = {.items = {.items = views, .count = (size_t)shown}};

	for (int row = 0; row < shown; row++) {
		struct product product = {0};

		product_read(rows, row, arena, &product);
		views[row] = product_view_of(&product);
	}
	if (rows->count > shown) {
		char last[UUID_TEXT + 1];

		uuid_text(&views[shown - 1].id, last);
		page.next = arena_text(arena, last);
	}
	query_reply(asked->txn, asked->query, &page);
	return OK;
}

/* Sends the statement of one query. False: the query was refused because of its cursor, and nothing was sent. */
static bool list_send(struct txn *txn, struct query *query)
{
	const struct page_query *page = query->message.body;
	struct args *args = db_args(txn_db(txn));
	struct asked *asked;
	struct list patterns = patterns_of(page->q, txn_arena(txn));
	struct uuid before;

	memset(&before, 0xff, sizeof(before));
	if (page->cursor != NULL && uuid_parse(page->cursor, strlen(page->cursor), &before) != OK) {
		query_refuse(txn, query, E_MALFORMED, "malformed", "the cursor is not one that a list has given");
		return false;
	}
	arg_uuid(args, &before);
	arg_text(args, page->status == -1 ? NULL : product_status_names[page->status]);
	arg_texts(args, patterns.items, patterns.count);
	arg_int(args, page->limit + 1); /* one more row shows whether there is a next page */
	asked = arena_new(txn_arena(txn), 1, sizeof(*asked));
	*asked = (struct asked){.txn = txn, .query = query};
	db_send(txn_db(txn), &list, list_answer, asked);
	return true;
}

enum status list_products(struct txn *txn, struct query **queries, size_t count)
{
	size_t sent = 0;

	for (size_t i = 0; i < count; i++)
		sent += list_send(txn, queries[i]);
	return sent == 0 ? OK : db_sync(txn_db(txn));
}
