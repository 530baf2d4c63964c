/* What a lane takes from memory, how it proves that, and what it leaves there (store/aggregate_cache.h). */
#include <string.h>

#include "consumer/consumer.h"
#include "store/aggregate_cache.h"

/* ---- taking ---- */

static void put_kept(struct unit *unit, const struct keepsake *taken, void *data)
{
	struct entry *entry = unit_put(unit, taken->store->kind, &taken->id, data);

	entry->kept = true;
	memcpy(&entry->seen, (const char *)data + taken->store->version, sizeof(entry->seen));
}

static size_t take_kept(struct lane *lane, struct unit *unit, const struct store *store)
{
	const struct uuid *ids;
	const size_t count = keys_sorted(unit_keys(unit), store->kind, &ids);
	struct keepsakes wanted = {arena_new(&lane->arena, count + 1, sizeof(struct keepsake)), count, moment_steady()};

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		wanted.items[i] = (struct keepsake){.store = store, .id = ids[i]};
	const size_t taken = kept_take(lane->engine->kept, &wanted, &lane->arena);
	for (size_t i = 0; i < count; i++)
		if (wanted.items[i].data != NULL)
			put_kept(unit, &wanted.items[i], wanted.items[i].data);
	return taken;
}

size_t stores_take_kept(struct lane *lane, struct unit *unit)
{
	size_t taken = 0;

	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++)
		if ((*store)->copy != NULL)
			taken += take_kept(lane, unit, *store);
	return taken;
}

/* ---- proving ---- */

/* What was changed is proved by its update, which leaves alone what has another version. What was only looked at has
 * led to an answer all the same: that goods are sold out, or that an order has ended. */
void stores_prove_send(struct lane *lane, struct unit *unit)
{
	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = unit_unproven(unit, (*store)->kind, &entries);

		if (count == 0)
			continue;
		args_columns(db_args(lane->db), 2);
		for (size_t i = 0; i < count; i++) {
			put_uuid(db_args(lane->db), &entries[i]->id);
			put_int(db_args(lane->db), entries[i]->seen);
		}
		db_send(lane->db, &(*store)->still);
	}
}

enum status stores_prove_read(struct lane *lane, struct unit *unit)
{
	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;
		const size_t count = unit_unproven(unit, (*store)->kind, &entries);
		struct rows rows;

		if (count == 0)
			continue;
		const enum status status = db_result(lane->db, &rows);
		if (status != OK)
			return status;
		if ((size_t)rows.count != count)
			return E_REDO;
	}
	return OK;
}

/* ---- keeping ---- */

static void keep_changed(struct keepsakes *saved, struct unit *unit, const struct store *store)
{
	struct entry **entries;
	const size_t count = unit_changed(unit, store->kind, &entries);

	for (size_t i = 0; i < count; i++)
		saved->items[saved->count++] = (struct keepsake){store, entries[i]->id, entries[i]->data};
}

static size_t count_changed(const struct lane *lane, struct unit *unit)
{
	size_t changed = 0;

	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++) {
		struct entry **entries;

		if ((*store)->copy != NULL)
			changed += unit_changed(unit, (*store)->kind, &entries);
	}
	return changed;
}

void stores_keep(struct lane *lane, struct unit *unit)
{
	const size_t changed = count_changed(lane, unit);
	struct keepsakes saved = {arena_new(&lane->arena, changed + 1, sizeof(struct keepsake)), 0, moment_steady()};

	for (const struct store *const *store = lane->engine->service->stores; *store != NULL; store++)
		if ((*store)->copy != NULL)
			keep_changed(&saved, unit, *store);
	kept_put(lane->engine->kept, &saved);
}
