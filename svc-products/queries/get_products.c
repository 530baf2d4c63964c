/* products.get: reads each id of a batch once. One round trip to the cache, and one to the database for what is
 * missing. */
#include <stdlib.h>
#include <string.h>

#include "products/queries/queries.h"
#include "products/store/stores.h"
#include "products/usecases/views.h"

/* The ids of a batch, sorted, each once, with what the cache holds. */
struct wanted {
	struct uuid *ids;
	struct cache_entry *entries; /* in the order of `ids` */
	size_t count;
};

static const struct uuid *id_of(const struct query *query)
{
	return &((const struct by_id *)query->message.body)->id;
}

static int by_uuid(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static struct wanted wanted_of(struct query **queries, size_t count, struct arena *arena)
{
	struct wanted wanted = {.ids = arena_new(arena, count, sizeof(*wanted.ids)),
				.entries = arena_new(arena, count, sizeof(*wanted.entries))};
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		wanted.ids[i] = *id_of(queries[i]);
	qsort(wanted.ids, count, sizeof(*wanted.ids), by_uuid);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !uuid_equal(&wanted.ids[kept - 1], &wanted.ids[i]))
			wanted.ids[kept++] = wanted.ids[i];
	}
	for (size_t i = 0; i < kept; i++)
		wanted.entries[i].key = product_cache_key(&wanted.ids[i], arena);
	wanted.count = kept;
	return wanted;
}

static struct cache_entry *entry_of(const struct wanted *wanted, const struct uuid *id)
{
	const struct uuid *found = bsearch(id, wanted->ids, wanted->count, sizeof(*id), by_uuid);

	return found == NULL ? NULL : &wanted->entries[found - wanted->ids];
}

static const struct sql find = {"product_find", "SELECT " PRODUCT_COLUMNS " FROM products WHERE id = ANY($1)"};

/* Reads what is missing in the cache, and fills the cache where it gave a lease. */
static enum status read_missing(struct txn *txn, const struct wanted *wanted)
{
	struct arena *arena = txn_arena(txn);
	struct uuid *missing = arena_new(arena, wanted->count, sizeof(*missing));
	struct cache_entry *fills = arena_new(arena, wanted->count, sizeof(*fills));
	size_t missing_count = 0, fill_count = 0;
	struct rows rows;
	enum status status;

	for (size_t i = 0; i < wanted->count; i++) {
		if (wanted->entries[i].value.bytes == NULL)
			missing[missing_count++] = wanted->ids[i];
	}
	if (missing_count == 0)
		return OK;
	arg_uuids(db_args(txn_db(txn)), missing, missing_count);
	status = db_run(txn_db(txn), &find, &rows);
	if (status != OK)
		return status;
	for (int row = 0; row < rows.count; row++) {
		struct product product = {0};
		struct cache_entry *entry;

		product_read(&rows, row, arena, &product);
		entry = entry_of(wanted, &product.id);
		product_cache_value(&product, arena, entry);
		if (entry->lease != 0)
			fills[fill_count++] = *entry;
	}
	cache_fill(txn_cache(txn), fills, fill_count);
	return OK;
}

enum status get_products(struct txn *txn, struct query **queries, size_t count)
{
	struct wanted wanted = wanted_of(queries, count, txn_arena(txn));
	enum status status;

	cache_read(txn_cache(txn), wanted.entries, wanted.count, txn_arena(txn));
	status = read_missing(txn, &wanted);
	for (size_t i = 0; i < count; i++) {
		const struct cache_entry *entry = entry_of(&wanted, id_of(queries[i]));

		if (entry->value.bytes != NULL)
			query_reply_json(queries[i], entry->value);
		else if (status == OK)
			query_refuse(txn, queries[i], E_NOT_FOUND, "not_found", "there is no product with this id");
	}
	return status;
}
