/* x-queue-type is an argument for the broker and a column of the table. */
#include "ctl/topology/queue_arguments.h"

#include <string.h>

const char *const queue_kind_names[] = {
	[QUEUE_CLASSIC] = "classic",
	[QUEUE_QUORUM] = "quorum",
	[QUEUE_STREAM] = "stream",
};

const char *queue_arguments(const struct topology_queue *queue, struct arena *arena)
{
	return arena_format(arena, "{\"x-queue-type\":\"%s\"%s%s", queue_kind_names[queue->kind],
			    strcmp(queue->arguments, "{}") == 0 ? "" : ",", queue->arguments + 1);
}
