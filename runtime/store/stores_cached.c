/* What a consumer takes from memory, how it proves that, and what it leaves there (store/aggregate_cache.h). */
#include <string.h>

#include "consumer/consumer.h"
#include "store/aggregate_cache.h"

/* ---- taking ---- */

static void put_kept(struct unit *unit, const struct cached_aggregate *taken, void *data)
{
	struct entry *entry = unit_put(unit, taken->store->kind, &taken->id, data);

	entry->from_cache = true;
	memcpy(&entry->seen, (const char *)data + taken->store->version, sizeof(entry->seen));
}

static size_t take_kept(struct consumer *consumer, struct unit *unit, const struct store *store)
{
	const struct uuid *ids;
	const size_t count = keys_sorted(unit_keys(unit), store->kind, &ids);
	struct cached_aggregates wanted = {arena_new(&consumer->txn.arena, count + 1, sizeof(struct cached_aggregate)),
					   count, monotonic_now()};

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		wanted.items[i] = (struct cached_aggregate){.store = store, .id = ids[i]};
	const size_t taken = aggregate_cache_take(consumer->engine->aggregate_cache, &wanted, &consumer->txn.arena);
	for (size_t i = 0; i < count; i++)
		if (wanted.items[i].data != NULL)
			put_kept(unit, &wanted.items[i], wanted.items[i].data);
	return taken;
}

size_t stores_take_cached(struct consumer *consumer, struct unit *unit)
{
	size_t taken = 0;

	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++)
		if ((*store)->copy != NULL)
			taken += take_kept(consumer, unit, *store);
	return taken;
}

/* ---- proving ---- */

/* What was changed is proved by its update, which leaves alone what has another version. What was only looked at has
 * led to an answer all the same: that goods are sold out, or that an order has ended. */
void stores_validate_send(struct consumer *consumer, struct unit *unit)
{
	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = unit_unvalidated(unit, (*store)->kind, &entries);

		if (count == 0)
			continue;
		args_columns(db_args(consumer->txn.db), 2);
		for (size_t i = 0; i < count; i++) {
			put_uuid(db_args(consumer->txn.db), &entries[i]->id);
			put_int(db_args(consumer->txn.db), entries[i]->seen);
		}
		db_send(consumer->txn.db, &(*store)->version_check);
	}
}

enum status stores_validate_read(struct consumer *consumer, struct unit *unit)
{
	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = unit_unvalidated(unit, (*store)->kind, &entries);
		struct rows rows;

		if (count == 0)
			continue;
		const enum status status = db_result(consumer->txn.db, &rows);
		if (status != OK)
			return status;
		if ((size_t)rows.count != count)
			return E_RETRY;
	}
	return OK;
}

/* ---- keeping ---- */

static void keep_changed(struct cached_aggregates *saved, struct unit *unit, const struct store *store)
{
	struct entry **entries;
	const size_t count = unit_changed(unit, store->kind, &entries);

	for (size_t i = 0; i < count; i++)
		saved->items[saved->count++] = (struct cached_aggregate){store, entries[i]->id, entries[i]->data};
}

static size_t count_changed(const struct consumer *consumer, struct unit *unit)
{
	size_t changed = 0;

	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;

		if ((*store)->copy != NULL)
			changed += unit_changed(unit, (*store)->kind, &entries);
	}
	return changed;
}

void stores_fill_aggregate_cache(struct consumer *consumer, struct unit *unit)
{
	const size_t changed = count_changed(consumer, unit);
	struct cached_aggregates saved = {arena_new(&consumer->txn.arena, changed + 1, sizeof(struct cached_aggregate)),
					  0, monotonic_now()};

	for (const struct store *const *store = consumer->engine->service->stores; *store != NULL; store++)
		if ((*store)->copy != NULL)
			keep_changed(&saved, unit, *store);
	aggregate_cache_put(consumer->engine->aggregate_cache, &saved);
}
