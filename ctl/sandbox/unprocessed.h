/* Events that a service heard, and that led to nothing that it said. */
#ifndef CTL_SANDBOX_UNPROCESSED_H
#define CTL_SANDBOX_UNPROCESSED_H

#include "comanda/replay.h"
#include "ctl/sandbox/history.h"

/* The one about this aggregate that may have moved it without a word; NULL: there is none (any more). */
struct happened *unprocessed_find(struct history *history, const struct replay_spec *spec, const struct uuid *subject);

struct unprocessed {
	const struct happened **events; /* in the order in which to decide them; freed by the caller */
	size_t count;
	size_t waiting; /* not among them: the service has not handled these yet */
};

/* All that are left, up to the cut. False after saying what the database said. */
bool unprocessed_list(const struct history *history, const struct replay_spec *spec, struct db *db,
		      struct unprocessed *ret_unprocessed);

#endif
