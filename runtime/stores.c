/* Loading and saving a batch's aggregates: one statement a kind. */
#include <assert.h>

#include "lane.h"

void name_keys(struct unit *unit, struct item **items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (items[i]->handler != NULL && items[i]->handler->keys != NULL && items[i]->query.status == OK)
			items[i]->handler->keys(unit_keys(unit), &items[i]->query.message);
}

void stores_load_send(struct lane *lane, struct unit *unit)
{
	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		const struct uuid *ids;
		const size_t count = keys_sorted(unit_keys(unit), (*store)->kind, &ids);

		if (count == 0)
			continue;
		arg_uuids(db_args(lane->db), ids, count);
		db_send(lane->db, &(*store)->load);
	}
}

static enum status load_read(struct lane *lane, struct unit *unit, const struct store *store)
{
	struct rows rows;

	const enum status status = db_result(lane->db, &rows);
	if (status != OK)
		return status;
	for (int row = 0; row < rows.count; row++) {
		const struct uuid id = row_uuid(&rows, row, 0);
		void *aggregate = arena_new(&lane->arena, 1, store->kind->size);

		store->read(&rows, row, &lane->arena, aggregate);
		unit_put(unit, store->kind, &id, aggregate);
	}
	return OK;
}

enum status stores_load_read(struct lane *lane, struct unit *unit)
{
	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		const struct uuid *ids;

		if (keys_sorted(unit_keys(unit), (*store)->kind, &ids) == 0)
			continue;
		const enum status status = load_read(lane, unit, *store);
		if (status != OK)
			return status;
	}
	return OK;
}

/* How many of a kind's changed aggregates were found by the load (or made anew). */
static size_t count_entries(struct entry *const *entries, size_t count, bool found)
{
	size_t matching = 0;

	for (size_t i = 0; i < count; i++)
		matching += entries[i]->found == found;
	return matching;
}

static void save_send(struct lane *lane, const struct store *store, struct entry *const *entries, size_t count)
{
	for (int found = 0; found <= 1; found++) {
		if (count_entries(entries, count, found != 0) == 0)
			continue;
		struct args *args = db_args(lane->db);
		args_columns(args, store->columns);
		for (size_t i = 0; i < count; i++)
			if (entries[i]->found == (found != 0))
				store->write(args, entries[i]->data);
		db_send(lane->db, found ? &store->update : &store->insert);
	}
}

void stores_save_send(struct lane *lane, struct unit *unit)
{
	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = unit_changed(unit, (*store)->kind, &entries);

		save_send(lane, *store, entries, count);
	}
}

static enum status save_read(struct lane *lane, struct entry *const *entries, size_t count)
{
	struct rows rows;

	for (int found = 0; found <= 1; found++) {
		const size_t named = count_entries(entries, count, found != 0);

		if (named == 0)
			continue;
		const enum status status = db_result(lane->db, &rows);
		if (status != OK)
			return status;
		if (rows.touched != (int64_t)named)
			return E_REDO; /* somebody made it between our load and now: the next load will find it */
	}
	return OK;
}

enum status stores_save_read(struct lane *lane, struct unit *unit)
{
	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = unit_changed(unit, (*store)->kind, &entries);

		const enum status status = save_read(lane, entries, count);
		if (status != OK)
			return status;
	}
	return OK;
}

void stores_saved(struct lane *lane, struct unit *unit, int64_t now_us)
{
	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = (*store)->saved == NULL ? 0 : unit_changed(unit, (*store)->kind, &entries);

		for (size_t i = 0; i < count; i++)
			(*store)->saved(entries[i]->data, now_us);
	}
}

size_t stores_cached(struct lane *lane, struct unit *unit, struct cache_entry **ret_entries)
{
	size_t room = 0, kept = 0;

	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;

		if ((*store)->cache_name != NULL)
			room += unit_changed(unit, (*store)->kind, &entries);
	}
	*ret_entries = arena_new(&lane->arena, room + 1, sizeof(struct cache_entry));
	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = (*store)->cache_name == NULL ? 0 : unit_changed(unit, (*store)->kind, &entries);

		for (size_t i = 0; i < count; i++)
			(*store)->cache_name(entries[i]->data, &lane->arena, &(*ret_entries)[kept++]);
	}
	return kept;
}

void stores_cache_values(struct lane *lane, struct unit *unit, struct cache_entry *cached)
{
	size_t done = 0;

	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = (*store)->cache_name == NULL ? 0 : unit_changed(unit, (*store)->kind, &entries);

		for (size_t i = 0; i < count; i++, done++)
			if (cached[done].wanted)
				(*store)->cache_value(entries[i]->data, &lane->arena, &cached[done]);
	}
}
