/* The decisions of one service, in an order that gives each the versions that it had. */
#ifndef CTL_SANDBOX_PLAN_H
#define CTL_SANDBOX_PLAN_H

#include "comanda/replay.h"
#include "ctl/sandbox/history.h"

struct decision {
	const struct happened *input; /* what was heard; NULL: a request or a note, known by what it led to */
	const struct happened
		*before;     /* of those: the earlier one about the same subject (struct external_event); NULL: none */
	size_t first_output; /* into plan->outputs */
	size_t output_count; /* 0: it said nothing */
	int64_t now_us;      /* when it was made */
	int64_t offset;      /* of its first output, or of its input */
	bool late;           /* it led to nothing: made after all others */
	/* while the order is being found */
	size_t waits_for, first_edge;
};

struct plan {
	struct decision *decisions; /* as they were found; in_order says the order */
	size_t count, room;
	size_t *in_order;
	const struct happened **outputs;
	size_t output_count;
	size_t waiting; /* inputs that the service has not decided yet: left out */
};

/* Finds them. `db` is the service's own database: it knows which events it has handled. False after saying what the log
 * lacks, or why it contradicts itself. */
bool plan_make(struct history *history, const struct replay_spec *spec, struct db *db, struct plan *ret_plan);
void plan_done(struct plan *plan);

#endif
