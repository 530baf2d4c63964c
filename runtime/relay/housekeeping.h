/* The regular work of the relay's thread on the database: rows and deadlines that are due, measurements, pruning. */
#ifndef RELAY_HOUSEKEEPING_H
#define RELAY_HOUSEKEEPING_H

#include <stdatomic.h>

#include "relay/inflight.h"
#include "relay/outbox_relay.h"

struct housekeeping {
	const struct outbox_relay_config *config;
	struct db *db;
	struct inflight *inflight;
	struct publish_connections *connections;
	char queue[64]; /* where timers go */
	int64_t next_sweep, next_measurement, next_gauges, next_prune;
	/* Read by other threads. */
	atomic_llong backlog_age;
	atomic_bool at_capacity;
};

/* Does what is due: a sweep twice a second, the rest less often. */
void housekeeping_run(struct housekeeping *housekeeping);

#endif
