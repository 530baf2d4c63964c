/* Loading and saving: one statement per kind of aggregate. */
#include "store/stores.h"

#include <string.h>

/* ---- loading ---- */

struct loading {
	struct txn *txn;
	struct unit *unit;
	const struct store *store;
};

static enum status on_loaded(void *context, const struct rows *rows)
{
	const struct loading *loading = context;
	const struct store *store = loading->store;
	struct arena *arena = &loading->txn->arena;

	for (int row = 0; row < rows->count; row++) {
		const struct uuid id = row_uuid(rows, row, 0);
		void *aggregate = arena_new(arena, 1, store->kind->size);

		store->read(rows, row, arena, aggregate);
		struct entry *entry = unit_put(loading->unit, store->kind, &id, aggregate);
		if (store->version != 0)
			memcpy(&entry->seen, (const char *)aggregate + store->version, sizeof(entry->seen));
	}
	return OK;
}

size_t stores_load(struct txn *txn, struct unit *unit, bool locked)
{
	size_t asked = 0;

	for (const struct store *const *store = txn->service->stores; *store != NULL; store++) {
		const struct uuid *ids;
		const size_t count = keys_missing(unit_keys(unit), (*store)->kind, &ids);

		if (count == 0)
			continue;
		struct loading *loading = arena_new(&txn->arena, 1, sizeof(*loading));
		*loading = (struct loading){.txn = txn, .unit = unit, .store = *store};
		arg_uuids(db_args(txn->db), ids, count);
		db_send(txn->db, locked || (*store)->version == 0 ? &(*store)->load : &(*store)->load_unlocked,
			on_loaded, loading);
		asked += count;
	}
	return asked;
}

/* ---- saving ---- */

/* The changed aggregates of one store. */
struct saving {
	struct txn *txn;
	const struct store *store;
	struct entry **entries;
	size_t count;
};

/* A statement that touched fewer rows than it named: another transaction made or changed one of them after the load.
 * The next load sees it. */
static enum status on_written(void *context, const struct rows *rows)
{
	const size_t *named = context;

	return rows->touched == (int64_t)*named ? OK : E_RETRY;
}

static void send_write(struct txn *txn, const struct sql *sql, size_t named)
{
	size_t *context = arena_new(&txn->arena, 1, sizeof(*context));

	*context = named;
	db_send(txn->db, sql, on_written, context);
}

/* NULL: a new one, which is inserted. */
static const struct store_update *update_of(const struct store *store, const struct entry *entry)
{
	const struct store_update *update = store->updates;

	if (!entry->found)
		return NULL;
	while (update->fits != NULL && !update->fits(entry->data))
		update++;
	return update;
}

static const struct store_update *next_of(const struct store_update *update)
{
	return update->fits == NULL ? NULL : update + 1;
}

static size_t count_updates(const struct saving *saving, const struct store_update *update)
{
	size_t matching = 0;

	for (size_t i = 0; i < saving->count; i++)
		matching += update_of(saving->store, saving->entries[i]) == update;
	return matching;
}

static void insert(const struct saving *saving, bool optimistic)
{
	const struct store *store = saving->store;
	struct args *args = db_args(saving->txn->db);
	const size_t named = count_updates(saving, NULL);

	if (named == 0)
		return;
	args_columns(args, store->columns);
	for (size_t i = 0; i < saving->count; i++)
		if (!saving->entries[i]->found)
			store->write(args, saving->entries[i]->data);
	send_write(saving->txn, optimistic ? &store->insert_new : &store->insert_missing, named);
}

static void update_rows(const struct saving *saving, const struct store_update *update)
{
	const struct store *store = saving->store;
	struct args *args = db_args(saving->txn->db);
	const size_t named = count_updates(saving, update);

	if (named == 0)
		return;
	args_columns(args, update->columns + (store->version != 0));
	for (size_t i = 0; i < saving->count; i++) {
		if (update_of(store, saving->entries[i]) != update)
			continue;
		update->write(args, saving->entries[i]->data);
		if (store->version != 0)
			put_int(args, saving->entries[i]->seen);
	}
	send_write(saving->txn, &update->sql, named);
}

void stores_save(struct txn *txn, struct unit *unit, bool optimistic)
{
	for (const struct store *const *store = txn->service->stores; *store != NULL; store++) {
		struct saving saving = {.txn = txn, .store = *store};

		saving.count = unit_changed(unit, (*store)->kind, &saving.entries);
		if (saving.count == 0)
			continue;
		insert(&saving, optimistic);
		for (const struct store_update *update = (*store)->updates; update != NULL; update = next_of(update))
			update_rows(&saving, update);
	}
}

void stores_saved(struct txn *txn, struct unit *unit, int64_t now_us)
{
	for (const struct store *const *store = txn->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = (*store)->saved == NULL ? 0 : unit_changed(unit, (*store)->kind, &entries);

		for (size_t i = 0; i < count; i++)
			(*store)->saved(entries[i]->data, now_us);
	}
}

/* ---- entries of the Redis cache ---- */

size_t stores_cache_entries(struct txn *txn, struct unit *unit, struct cache_entry **ret_entries)
{
	size_t room = 0, filled = 0;

	for (const struct store *const *store = txn->service->stores; *store != NULL; store++) {
		struct entry **entries;

		if ((*store)->cache_name != NULL)
			room += unit_changed(unit, (*store)->kind, &entries);
	}
	*ret_entries = arena_new(&txn->arena, room + 1, sizeof(struct cache_entry));
	for (const struct store *const *store = txn->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = (*store)->cache_name == NULL ? 0 : unit_changed(unit, (*store)->kind, &entries);

		for (size_t i = 0; i < count; i++)
			(*store)->cache_name(entries[i]->data, &txn->arena, &(*ret_entries)[filled++]);
	}
	return filled;
}

void stores_cache_values(struct txn *txn, struct unit *unit, struct cache_entry *entries)
{
	size_t done = 0;

	for (const struct store *const *store = txn->service->stores; *store != NULL; store++) {
		struct entry **changed;
		const size_t count = (*store)->cache_name == NULL ? 0 : unit_changed(unit, (*store)->kind, &changed);

		for (size_t i = 0; i < count; i++, done++)
			if (entries[done].wanted)
				(*store)->cache_value(changed[i]->data, &txn->arena, &entries[done]);
	}
}
