/* What turns have just saved, kept in memory for a moment: the next turn of events about an order or a product comes
 * some milliseconds later, and need not load it. One a process: what a command lane has made, an events lane changes.
 *
 * Nobody is told when somebody else changes a row, so what is kept may be old. Whoever takes it must prove it by its
 * version before the commit (store.h). Where that fails, another replica works on the same rows, and would again: then
 * all is forgotten, and nothing is kept for some seconds.
 *
 * Copies of one turn lie in one arena, and go together: after a second, or earlier, the oldest first, when all of them
 * hold more than KEPT_BYTES. */
#ifndef RT_KEPT_H
#define RT_KEPT_H

#include "comanda/store.h"
#include "core/timestamp.h"

#define KEPT_US      SECOND_US
#define KEPT_REST_US (5 * SECOND_US)

enum { KEPT_BYTES = 2 * 1024 * 1024 };

struct kept;

struct kept *kept_new(void);
void kept_free(struct kept *kept);
define_freep(struct kept, kept_free);

/* Some aggregates; times are of the steady clock. */
struct keepsake {
	const struct store *store; /* that copies */
	struct uuid id;
	void *data;
};
struct keepsakes {
	struct keepsake *items;
	size_t count;
	int64_t now_us;
};

/* After a commit: copies what it has saved. Where a newer one is there already, that one stays. */
void kept_put(struct kept *kept, const struct keepsakes *saved);
/* Gives each a copy in `arena`; `data` is NULL where none is kept. Returns how many there were. */
size_t kept_take(struct kept *kept, struct keepsakes *wanted, struct arena *arena);
/* What was taken was no longer so, or nobody knows: forgets everything, and keeps nothing for KEPT_REST_US. */
void kept_mistrust(struct kept *kept, int64_t now_us);
/* Bytes held now. For tests. */
size_t kept_bytes(struct kept *kept);

#endif
