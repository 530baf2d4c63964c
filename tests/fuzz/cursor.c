/* Queries of lists with a cursor. Each input is a query string. An accepted cursor is the id of a row. Written again,
 * it must be equal except for the case of its digits. */
#include <string.h>
#include <strings.h>

#include "edge/urlencoded.h"
#include "proto/messages.h"
#include "tests/fuzz/fuzz.h"
#include "json/json.h"

void target_begin(void)
{
	json_init();
}

static void read_cursor(const char *cursor)
{
	char text[UUID_TEXT + 1];
	struct uuid below;

	if (cursor == NULL || uuid_parse(cursor, strlen(cursor), &below) != OK)
		return;
	uuid_text(&below, text);
	must(strcasecmp(text, cursor) == 0);
}

static void read_query(struct span query, const struct schema *schema)
{
	struct faults faults = {.count = 0};
	struct buffer json;
	struct arena arena;
	void *body = NULL;

	arena_init(&arena);
	buffer_init(&json);
	if (urlencoded_to_json(query, schema, &json) == OK &&
	    json_decode((struct span){json.bytes, json.size}, schema, UNKNOWN_REFUSED, &arena, &faults, &body) == OK) {
		const struct page_query *page = body;

		must(page->limit >= 1 && page->limit <= 100);
		read_cursor(page->cursor);
	}
	buffer_done(&json);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const int lists[] = {ORDERS_LIST, PRODUCTS_LIST, USERS_LIST};
	struct arena arena;

	arena_init(&arena);
	const struct span query = {arena_copy(&arena, (const char *)bytes, size), size};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		read_query(query, comanda_contract.types[lists[i]].schema);
	arena_done(&arena);
	return 0;
}
