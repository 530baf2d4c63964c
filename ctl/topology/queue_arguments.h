/* A queue of the table in the terms of the management API. */
#ifndef CTL_TOPOLOGY_QUEUE_ARGUMENTS_H
#define CTL_TOPOLOGY_QUEUE_ARGUMENTS_H

#include "core/memory.h"
#include "proto/topology.h"

/* By enum queue_kind: "classic", "quorum", "stream". */
extern const char *const queue_kind_names[];

/* The arguments with which the queue is declared, as a JSON object in the arena. */
const char *queue_arguments(const struct topology_queue *queue, struct arena *arena);

#endif
