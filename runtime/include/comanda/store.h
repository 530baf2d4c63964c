/* A store: how the aggregates of one kind live in PostgreSQL, for the consumer that loads and saves them in batches. */
#ifndef COMANDA_STORE_H
#define COMANDA_STORE_H

#include "comanda/unit.h"
#include "postgres/db.h"
#include "redis/cache.h"

/* One way to write changed aggregates. */
struct store_update {
	struct sql sql; /* UPDATE ... FROM unnest($1::uuid[], ...) */
	void (*write)(struct args *args, const void *aggregate);
	int columns;
	bool (*fits)(const void *aggregate); /* NULL: all */
};

/* `version_check` for a table. */
#define STORE_VERSION_CHECK(table, key, version)                                                                       \
	{                                                                                                              \
		table "_version_check",                                                                                \
			"SELECT given.id FROM unnest($1::uuid[], $2::bigint[]) AS given (id, seen) "                   \
			"JOIN " table " ON " table "." key " = given.id AND " table "." version " = given.seen"        \
	}

struct store {
	const struct aggregate *kind;

	/* ---- loading ---- */

	/* $1 uuid[]: SELECT id, ... WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE. Column 0 is the id. */
	struct sql load;
	/* The same without FOR NO KEY UPDATE. A row lock is a write, and other transactions rarely want the row. So the
	 * first try of a batch of events locks nothing. Every change must raise the version of the aggregate. An update
	 * gets the version that was loaded as an additional last column (`seen`), and changes no row with another
	 * version. Then the transaction is run again with locks, and so are the consumer's next transactions for a
	 * while.
	 *
	 * A store without `version` always uses `load`. That statement should lock, unless the aggregate is only read.
	 */
	struct sql load_unlocked;
	size_t version; /* offset of an int64_t in the aggregate; 0: it has none */
	/* Fills a zeroed aggregate from one row. */
	void (*read)(const struct rows *rows, int row, struct arena *arena, void *ret_aggregate);

	/* ---- saving ---- */

	/* New aggregates, sorted by id: INSERT ... SELECT * FROM unnest($1::uuid[], ...), without and with ON CONFLICT
	 * DO NOTHING. ON CONFLICT costs as much as the insert itself, and a conflict is rare. So the first try uses
	 * insert_new. On a unique violation the transaction is run again with insert_missing. If that inserts fewer
	 * rows than it was given, the transaction is run once more and loads them. */
	struct sql insert_new, insert_missing;
	/* Puts one aggregate's columns (put_uuid, put_int, ...), `columns` of them, in the order of both. */
	void (*write)(struct args *args, const void *aggregate);
	int columns;
	/* Changed aggregates that were loaded: each is written by the first update that fits. The last one fits all. */
	const struct store_update *updates;
	/* Called after the commit for each aggregate that was saved, with the time of its decision: to count. NULL:
	 * none. */
	void (*saved)(const void *aggregate, int64_t now_us);

	/* ---- the aggregate cache (store/cache/aggregate_cache.h) ---- */

	/* Fills a zeroed aggregate with a copy that shares nothing with the original. NULL: not cached. Needs
	 * `version`, which must change with every change of every column. */
	void (*copy)(const void *aggregate, struct arena *arena, void *ret_copy);
	/* Checks cached aggregates that were read and not changed: $1 uuid[], $2 bigint[]; one row for each that still
	 * has this version. */
	struct sql version_check;
	bool (*is_terminal)(const void *aggregate); /* it will not be needed again: not cached. NULL: not known */

	/* ---- the Redis cache in front of reads ---- */

	/* The aggregate's key and sequence; its value. NULL: none. */
	void (*cache_name)(const void *aggregate, struct arena *arena, struct cache_entry *ret_entry);
	void (*cache_value)(const void *aggregate, struct arena *arena, struct cache_entry *ret_entry);
};

#endif
