/* Reads two tables in the order of their keys and compares row by row. */
#include "ctl/sandbox/state.h"

#include <string.h>

#include "ctl/lib/connect.h"

struct state_row {
	struct uuid id;
	struct span text;
};

/* Reads a table page by page. */
struct reader {
	const struct state_table *table;
	struct db *db;
	struct arena arena; /* of the page */
	struct state_row *rows;
	size_t count, next;
	struct uuid after;
	bool over, failed;
};

static void read_page(struct reader *reader)
{
	struct rows rows;

	arg_uuid(db_args(reader->db), &reader->after);
	reader->count = reader->next = 0;
	reader->failed = !query_database(reader->db, &reader->table->rows, &rows);
	reader->over = reader->failed || rows.count == 0;
	if (reader->over)
		return;
	arena_reset(&reader->arena);
	reader->rows = arena_new(&reader->arena, (size_t)rows.count, sizeof(*reader->rows));
	for (int i = 0; i < rows.count; i++) {
		const struct span text = row_bytes(&rows, i, 1);

		reader->rows[i].id = row_uuid(&rows, i, 0);
		reader->rows[i].text = (struct span){arena_copy(&reader->arena, text.bytes, text.size), text.size};
	}
	reader->count = (size_t)rows.count;
	reader->after = reader->rows[reader->count - 1].id;
}

/* The next row; NULL: there are no more. */
static const struct state_row *peek(struct reader *reader)
{
	if (reader->next == reader->count && !reader->over)
		read_page(reader);
	return reader->over ? NULL : &reader->rows[reader->next];
}

static void add_to_digest(struct uuid *digest, struct span row)
{
	struct buffer text;

	buffer_init(&text);
	buffer_add(&text, digest->bytes, sizeof(digest->bytes));
	buffer_add(&text, row.bytes, row.size);
	*digest = uuid_of_text("state", text.bytes, text.size);
	buffer_done(&text);
}

/* Whether an event after the cut mentions the row's aggregate: by the row's id, or by the id that `owner` names. */
static bool mentioned(const struct state_table *table, const struct state_row *row, const struct id_map *later)
{
	struct uuid id;

	if (row == NULL)
		return false;
	if (table->owner == NULL)
		return id_map_get(later, &row->id) != ID_MAP_NONE;
	const char *member = strstr(row->text.bytes, table->owner);
	if (member == NULL || uuid_parse(member + strlen(table->owner), UUID_TEXT, &id) != OK)
		return later->count > 0; /* the row names no owner any more: any later event may be about it */
	return id_map_get(later, &id) != ID_MAP_NONE;
}

static void add_difference(struct table_state *state, struct arena *arena, const struct state_row *live,
			   const struct state_row *sandbox)
{
	state->different++;
	if (state->kept == ROWS_KEPT)
		return;
	state->first[state->kept++] = (struct row_difference){
		.id = live != NULL ? live->id : sandbox->id,
		.live = live == NULL ? NULL : arena_copy(arena, live->text.bytes, live->text.size),
		.sandbox = sandbox == NULL ? NULL : arena_copy(arena, sandbox->text.bytes, sandbox->text.size),
	};
}

static bool equal(const struct state_row *a, const struct state_row *b)
{
	return a != NULL && b != NULL && a->text.size == b->text.size &&
	       memcmp(a->text.bytes, b->text.bytes, a->text.size) == 0;
}

static void compare_rows(struct reader *sandbox, struct reader *live, const struct id_map *later, struct arena *arena,
			 struct table_state *state)
{
	const struct state_row *a, *b;

	while (a = peek(sandbox), b = peek(live), a != NULL || b != NULL) {
		const int order = a == NULL ? 1 : b == NULL ? -1 : uuid_compare(&a->id, &b->id);
		const struct state_row *mine = order <= 0 ? a : NULL, *theirs = order >= 0 ? b : NULL;

		if (mine != NULL) {
			state->rows++;
			add_to_digest(&state->digest, mine->text);
		}
		if (!equal(mine, theirs)) {
			if (mentioned(state->table, mine, later) || mentioned(state->table, theirs, later))
				state->changed_since++;
			else
				add_difference(state, arena, theirs, mine);
		}
		sandbox->next += mine != NULL;
		live->next += theirs != NULL;
	}
}

bool state_compare(const struct state_table *table, struct db *sandbox, struct db *live, const struct id_map *later,
		   struct arena *arena, struct table_state *ret_state)
{
	struct reader sandbox_rows = {.table = table, .db = sandbox}, live_rows = {.table = table, .db = live};

	*ret_state = (struct table_state){.table = table};
	arena_init(&sandbox_rows.arena);
	arena_init(&live_rows.arena);
	compare_rows(&sandbox_rows, &live_rows, later, arena, ret_state);
	arena_done(&sandbox_rows.arena);
	arena_done(&live_rows.arena);
	return !sandbox_rows.failed && !live_rows.failed;
}
