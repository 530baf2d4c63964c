/* The decisions of one service, in an order in which each sees the versions that it saw when it was made. */
#ifndef CTL_SANDBOX_PLAN_H
#define CTL_SANDBOX_PLAN_H

#include "comanda/replay.h"
#include "ctl/sandbox/history.h"

struct decision {
	const struct history_event
		*input; /* the event that was decided on; NULL: a request or a timer, to be inferred */
	/* For the inference: the external event about the same subject before the first output; NULL: none. */
	const struct history_event *before;
	size_t first_output; /* index into plan->outputs */
	size_t output_count; /* 0: it published nothing */
	int64_t now_us;      /* when it was made */
	int64_t offset;      /* of its first output, or of its input */
	bool late;           /* it published nothing: made again after all others */
	/* while the order is computed */
	size_t dependencies, first_edge;
};

struct plan {
	struct decision *decisions; /* in the order of discovery */
	size_t count, room;
	size_t *in_order; /* indices of decisions in the order of the run */
	const struct history_event **outputs;
	size_t output_count;
	size_t waiting; /* events that the service had not decided on: not in the plan */
};

/* Makes the plan. `db` is the service's live database, whose inbox says which events were processed.
 * `tail`: what was decided after the history was read. False after an
 * error message: the log lacks an event, or contradicts itself. */
bool plan_make(struct history *history, const struct log_tail *tail, const struct replay_spec *spec, struct db *db,
	       struct plan *ret_plan);
void plan_done(struct plan *plan);

#endif
