/* What a batch takes from the aggregate cache, how that is validated, and what it puts there. */
#include <string.h>

#include "store/cache/aggregate_cache.h"
#include "store/stores.h"

/* ---- before the load ---- */

static void put_cached(struct unit *unit, const struct cached_aggregate *cached)
{
	struct entry *entry = unit_put(unit, cached->store->kind, &cached->id, cached->data);

	entry->from_cache = true;
	memcpy(&entry->seen, (const char *)cached->data + cached->store->version, sizeof(entry->seen));
}

static size_t take_cached(struct txn *txn, struct unit *unit, const struct store *store)
{
	const struct uuid *ids;
	const size_t count = keys_sorted(unit_keys(unit), store->kind, &ids);

	if (count == 0)
		return 0;
	struct cached_aggregates wanted = {
		.items = arena_new(&txn->arena, count, sizeof(struct cached_aggregate)),
		.count = count,
		.now_us = monotonic_now(),
	};
	for (size_t i = 0; i < count; i++)
		wanted.items[i] = (struct cached_aggregate){.store = store, .id = ids[i]};
	const size_t taken = aggregate_cache_take(txn->aggregate_cache, &wanted, &txn->arena);
	for (size_t i = 0; i < count; i++)
		if (wanted.items[i].data != NULL)
			put_cached(unit, &wanted.items[i]);
	return taken;
}

size_t stores_take_cached(struct txn *txn, struct unit *unit)
{
	size_t taken = 0;

	for (const struct store *const *store = txn->service->stores; *store != NULL; store++)
		if ((*store)->copy != NULL)
			taken += take_cached(txn, unit, *store);
	return taken;
}

/* ---- before the commit ---- */

static enum status on_validated(void *context, const struct rows *rows)
{
	const size_t *asked = context;

	return (size_t)rows->count == *asked ? OK : E_RETRY;
}

/* The update of a changed aggregate checks its version. An aggregate that was only read has led to an answer as well:
 * for example, that goods are sold out. */
void stores_validate(struct txn *txn, struct unit *unit)
{
	for (const struct store *const *store = txn->service->stores; *store != NULL; store++) {
		struct args *args = db_args(txn->db);
		struct entry **entries;
		const size_t count = unit_unvalidated(unit, (*store)->kind, &entries);

		if (count == 0)
			continue;
		size_t *asked = arena_new(&txn->arena, 1, sizeof(*asked));
		*asked = count;
		args_columns(args, 2);
		for (size_t i = 0; i < count; i++) {
			put_uuid(args, &entries[i]->id);
			put_int(args, entries[i]->seen);
		}
		db_send(txn->db, &(*store)->version_check, on_validated, asked);
	}
}

/* ---- after the commit ---- */

static size_t count_changed(const struct txn *txn, struct unit *unit)
{
	size_t changed = 0;

	for (const struct store *const *store = txn->service->stores; *store != NULL; store++) {
		struct entry **entries;

		if ((*store)->copy != NULL)
			changed += unit_changed(unit, (*store)->kind, &entries);
	}
	return changed;
}

static void add_changed(struct cached_aggregates *saved, struct unit *unit, const struct store *store)
{
	struct entry **entries;
	const size_t count = unit_changed(unit, store->kind, &entries);

	for (size_t i = 0; i < count; i++)
		saved->items[saved->count++] =
			(struct cached_aggregate){.store = store, .id = entries[i]->id, .data = entries[i]->data};
}

void stores_fill_aggregate_cache(struct txn *txn, struct unit *unit)
{
	const size_t changed = count_changed(txn, unit);
	struct cached_aggregates saved = {
		.items = arena_new(&txn->arena, changed + 1, sizeof(struct cached_aggregate)),
		.now_us = monotonic_now(),
	};

	for (const struct store *const *store = txn->service->stores; *store != NULL; store++)
		if ((*store)->copy != NULL)
			add_changed(&saved, unit, *store);
	aggregate_cache_put(txn->aggregate_cache, &saved);
}
