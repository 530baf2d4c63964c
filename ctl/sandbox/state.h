/* State, row by row: its digest, and what distinguishes two databases of one service. */
#ifndef CTL_SANDBOX_STATE_H
#define CTL_SANDBOX_STATE_H

#include "comanda/replay.h"
#include "ctl/sandbox/id_map.h"

struct row_difference {
	struct uuid id;
	const char *live, *here; /* the rows as JSON; NULL: there is none */
};

enum { ROWS_KEPT = 20 };

/* What became of one table. */
struct table_state {
	const struct state_table *table;
	size_t rows;        /* in the sandbox */
	struct uuid digest; /* of all of them */
	size_t different;   /* from the live database */
	size_t moved_on;    /* differ, and were mentioned by events after the cut: not compared */
	struct row_difference first[ROWS_KEPT];
	size_t kept;
};

/* Compares a table of the sandbox with the live one. `later`: ids that events after the cut mention. Texts live in
 * `arena`. False after saying what a database said. */
bool state_compare(const struct state_table *table, struct db *here, struct db *live, const struct id_map *later,
		   struct arena *arena, struct table_state *ret_state);

#endif
