/* A store: how the aggregates of one kind live in PostgreSQL, for the consumer that loads and saves them in batches. */
#ifndef COMANDA_STORE_H
#define COMANDA_STORE_H

#include "comanda/unit.h"
#include "postgres/db.h"
#include "redis/cache.h"

/* A way to write what has changed. */
struct store_update {
	struct sql sql; /* UPDATE ... FROM unnest($1::uuid[], ...) */
	void (*write)(struct args *args, const void *aggregate);
	int columns;
	bool (*fits)(const void *aggregate); /* NULL: all */
};

/* `still` for a table. */
#define STORE_VERSION_CHECK(table, key, version)                                                                       \
	{                                                                                                              \
		table "_version_check",                                                                                \
			"SELECT given.id FROM unnest($1::uuid[], $2::bigint[]) AS given (id, seen) "                   \
			"JOIN " table " ON " table "." key " = given.id AND " table "." version " = given.seen"        \
	}

struct store {
	const struct aggregate *kind;
	/* One parameter, uuid[]: SELECT id, ... WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE. Column 0 is the id.
	 */
	struct sql load;
	/* The same without FOR NO KEY UPDATE. A row lock is a write, and nearly always nobody else wants the row: so
	 * the first try of a turn of events locks nothing. Every change raises the aggregate's version, and an update
	 * is given the one that was loaded, as a last column more (`seen`), and leaves a row with another version
	 * alone. Then the turn is run again, with locks; and so are the consumer's next ones for a while. Without
	 * `version`: every turn locks. */
	struct sql load_unlocked;
	size_t version; /* offset of an int64_t in the aggregate; 0: it has none */
	/* Fills a zeroed aggregate from one row. */
	void (*read)(const struct rows *rows, int row, struct arena *arena, void *ret_aggregate);
	/* New aggregates, sorted by id: INSERT ... SELECT * FROM unnest($1::uuid[], ...), and the same with ON CONFLICT
	 * DO NOTHING. To look for what is there costs as much as the insert, and next to nothing ever is: so the first
	 * try takes it that all are new, and when somebody was faster the turn is run again, with the second. Fewer
	 * rows than aggregates then: somebody was faster still; the turn is run again and will find them. */
	struct sql insert_new, insert_missing;
	/* Puts one aggregate's columns (put_uuid, put_int, ...), `columns` of them, in the order of both. */
	void (*write)(struct args *args, const void *aggregate);
	int columns;
	/* Aggregates that the turn has loaded, and changed: each by the first way that fits it. The last fits all. */
	const struct store_update *updates;
	/* For a moment, aggregates that were saved are kept in memory (store/cache/aggregate_cache.h), and the next turn of
	 * events does not load them. Fills a zeroed one with a copy that shares nothing with the aggregate; NULL: they
	 * are not kept. Needs `version`: a turn proves what it had from memory by the version that is in the table, be
	 * it the condition of an update, or `still` for what was not changed: $1 uuid[], $2 bigint[], a row for each
	 * that is still of that version. So the version must go up with every change of every column. */
	void (*copy)(const void *aggregate, struct arena *arena, void *ret_copy);
	struct sql version_check;
	bool (*is_terminal)(const void *aggregate); /* nothing is to come of it: why keep it? NULL: one never knows */
	/* Told after the commit of each aggregate that was saved, and when it was decided: to count. NULL: nobody. */
	void (*saved)(const void *aggregate, int64_t now_us);
	/* Where a cache stands in front of reads: the aggregate's key and sequence; its value. NULL: no cache. */
	void (*cache_name)(const void *aggregate, struct arena *arena, struct cache_entry *ret_entry);
	void (*cache_value)(const void *aggregate, struct arena *arena, struct cache_entry *ret_entry);
};

#endif
