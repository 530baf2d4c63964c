/* Who made and who saw which version: what puts decisions in order. */
#ifndef CTL_SANDBOX_VERSIONS_H
#define CTL_SANDBOX_VERSIONS_H

#include "comanda/replay.h"

struct touch {
	const struct aggregate *kind;
	struct uuid id;
	int64_t sequence;
	bool seen;       /* otherwise: made */
	int64_t time_us; /* of the decision; of equal ones, the earlier made the version, and the others said it again
			  */
	size_t event;    /* index into the history */
};

struct versions {
	struct touch *touches;
	size_t count, room;
	size_t event; /* whose versions are being told */
	int64_t time_us;
};

/* By aggregate, then by version: who made it, then who saw it. */
void versions_sort(struct versions *versions);
/* The number of touches from `first` on that are of one aggregate. */
size_t versions_run(const struct versions *versions, size_t first);

#endif
