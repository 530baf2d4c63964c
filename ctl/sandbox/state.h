/* Compares the rows of two databases of one service, and computes a digest of them. */
#ifndef CTL_SANDBOX_STATE_H
#define CTL_SANDBOX_STATE_H

#include "comanda/replay.h"
#include "ctl/lib/id_map.h"

struct row_difference {
	struct uuid id;
	const char *live, *sandbox; /* the rows as JSON; NULL: there is none */
};

enum { ROWS_KEPT = 20 };

/* The result for one table. */
struct table_state {
	const struct state_table *table;
	size_t rows;          /* in the sandbox */
	struct uuid digest;   /* of all rows in the sandbox */
	size_t different;     /* rows that differ from the live database */
	size_t changed_since; /* rows that differ and that an event after the cut mentions: not counted as different */
	struct row_difference first[ROWS_KEPT]; /* of `different` */
	size_t kept;
};

/* Compares a table of the sandbox with the live one. `later`: ids that events after the cut mention. Texts live in
 * `arena`. False after an error message. */
bool state_compare(const struct state_table *table, struct db *sandbox, struct db *live, const struct id_map *later,
		   struct arena *arena, struct table_state *ret_state);

#endif
