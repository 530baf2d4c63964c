/* The versions of aggregates that events name. They give the order of decisions. */
#ifndef CTL_SANDBOX_VERSIONS_H
#define CTL_SANDBOX_VERSIONS_H

#include "comanda/replay.h"

struct version_entry {
	const struct aggregate *kind;
	struct uuid id;
	int64_t sequence;
	bool seen;       /* the decision read this version; otherwise it made it */
	int64_t time_us; /* of the decision; of several that name a version, the earliest made it */
	size_t event;    /* index into the history */
};

struct versions {
	struct version_entry *entries;
	size_t count, room;
	size_t event; /* to which new entries belong */
	int64_t time_us;
};

/* Sorts by aggregate, then by version: the event that made it, then the events that read it. */
void versions_sort(struct versions *versions);
/* The number of entries from `first` on that belong to one aggregate. */
size_t versions_group(const struct versions *versions, size_t first);

#endif
