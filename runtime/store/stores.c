/* Loading and saving a batch's aggregates: one statement a kind. */
#include <assert.h>
#include <string.h>

#include "consumer/consumer.h"

void name_keys(struct unit *unit, struct item **items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (items[i]->handler != NULL && items[i]->handler->keys != NULL && items[i]->query.status == OK)
			items[i]->handler->keys(unit_keys(unit), &items[i]->query.message);
}

size_t stores_load_send(struct consumer *consumer, struct unit *unit, bool locked)
{
	size_t asked = 0;

	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		const struct uuid *ids;
		const size_t count = keys_missing(unit_keys(unit), (*store)->kind, &ids);

		if (count == 0)
			continue;
		arg_uuids(db_args(consumer->txn.db), ids, count);
		db_send(consumer->txn.db,
			locked || (*store)->version == 0 ? &(*store)->load : &(*store)->load_unlocked);
		asked += count;
	}
	return asked;
}

static enum status load_read(struct consumer *consumer, struct unit *unit, const struct store *store)
{
	struct rows rows;

	const enum status status = db_result(consumer->txn.db, &rows);
	if (status != OK)
		return status;
	for (int row = 0; row < rows.count; row++) {
		const struct uuid id = row_uuid(&rows, row, 0);
		void *aggregate = arena_new(&consumer->txn.arena, 1, store->kind->size);

		store->read(&rows, row, &consumer->txn.arena, aggregate);
		struct entry *entry = unit_put(unit, store->kind, &id, aggregate);
		if (store->version != 0)
			memcpy(&entry->seen, (const char *)aggregate + store->version, sizeof(entry->seen));
	}
	return OK;
}

enum status stores_load_read(struct consumer *consumer, struct unit *unit)
{
	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		const struct uuid *ids;

		if (keys_missing(unit_keys(unit), (*store)->kind, &ids) == 0)
			continue;
		const enum status status = load_read(consumer, unit, *store);
		if (status != OK)
			return status;
	}
	return OK;
}

static void insert_send(struct consumer *consumer, const struct store *store, struct entry *const *entries,
			size_t count, bool optimistic)
{
	struct args *args = db_args(consumer->txn.db);

	args_columns(args, store->columns);
	for (size_t i = 0; i < count; i++)
		if (!entries[i]->found)
			store->write(args, entries[i]->data);
	db_send(consumer->txn.db, optimistic ? &store->insert_new : &store->insert_missing);
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

static size_t count_updates(const struct store *store, struct entry *const *entries, size_t count,
			    const struct store_update *update)
{
	size_t matching = 0;

	for (size_t i = 0; i < count; i++)
		matching += update_of(store, entries[i]) == update;
	return matching;
}

static void update_send(struct consumer *consumer, const struct store *store, struct entry *const *entries,
			size_t count, const struct store_update *update)
{
	struct args *args = db_args(consumer->txn.db);

	args_columns(args, update->columns + (store->version != 0));
	for (size_t i = 0; i < count; i++) {
		if (update_of(store, entries[i]) != update)
			continue;
		update->write(args, entries[i]->data);
		if (store->version != 0)
			put_int(args, entries[i]->seen);
	}
	db_send(consumer->txn.db, &update->sql);
}

static void save_send(struct consumer *consumer, const struct store *store, struct entry *const *entries, size_t count,
		      bool optimistic)
{
	if (count_updates(store, entries, count, NULL) > 0)
		insert_send(consumer, store, entries, count, optimistic);
	for (const struct store_update *update = store->updates; update != NULL; update = next_of(update))
		if (count_updates(store, entries, count, update) > 0)
			update_send(consumer, store, entries, count, update);
}

void stores_save_send(struct consumer *consumer, struct unit *unit, bool optimistic)
{
	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = unit_changed(unit, (*store)->kind, &entries);

		save_send(consumer, *store, entries, count, optimistic);
	}
}

/* One statement's result. Fewer rows than it named: somebody made or changed one of them between our load and now, and
 * the next load will see it. */
static enum status write_read(struct consumer *consumer, size_t named)
{
	struct rows rows;

	if (named == 0)
		return OK;
	const enum status status = db_result(consumer->txn.db, &rows);
	if (status == OK && rows.touched != (int64_t)named)
		return E_RETRY;
	return status;
}

static enum status save_read(struct consumer *consumer, const struct store *store, struct entry *const *entries,
			     size_t count)
{
	enum status status = write_read(consumer, count_updates(store, entries, count, NULL));

	for (const struct store_update *update = store->updates; update != NULL && status == OK;
	     update = next_of(update))
		status = write_read(consumer, count_updates(store, entries, count, update));
	return status;
}

enum status stores_save_read(struct consumer *consumer, struct unit *unit)
{
	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = unit_changed(unit, (*store)->kind, &entries);

		const enum status status = save_read(consumer, *store, entries, count);
		if (status != OK)
			return status;
	}
	return OK;
}

void stores_saved(struct consumer *consumer, struct unit *unit, int64_t now_us)
{
	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = (*store)->saved == NULL ? 0 : unit_changed(unit, (*store)->kind, &entries);

		for (size_t i = 0; i < count; i++)
			(*store)->saved(entries[i]->data, now_us);
	}
}

size_t stores_cache_entries(struct consumer *consumer, struct unit *unit, struct cache_entry **ret_entries)
{
	size_t room = 0, filled = 0;

	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;

		if ((*store)->cache_name != NULL)
			room += unit_changed(unit, (*store)->kind, &entries);
	}
	*ret_entries = arena_new(&consumer->txn.arena, room + 1, sizeof(struct cache_entry));
	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = (*store)->cache_name == NULL ? 0 : unit_changed(unit, (*store)->kind, &entries);

		for (size_t i = 0; i < count; i++)
			(*store)->cache_name(entries[i]->data, &consumer->txn.arena, &(*ret_entries)[filled++]);
	}
	return filled;
}

void stores_cache_values(struct consumer *consumer, struct unit *unit, struct cache_entry *cached)
{
	size_t done = 0;

	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = (*store)->cache_name == NULL ? 0 : unit_changed(unit, (*store)->kind, &entries);

		for (size_t i = 0; i < count; i++, done++)
			if (cached[done].wanted)
				(*store)->cache_value(entries[i]->data, &consumer->txn.arena, &cached[done]);
	}
}
