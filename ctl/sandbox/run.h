/* Running a plan: every decision made again, and what it says held against the line. */
#ifndef CTL_SANDBOX_RUN_H
#define CTL_SANDBOX_RUN_H

#include "ctl/sandbox/plan.h"

/* One decision that this build makes otherwise than it is recorded. */
struct difference {
	size_t log_position;             /* which decision, in the order of the plan */
	const struct happened *recorded; /* NULL: the line says nothing there */
	const char *now;                 /* the event that this build says, on one line; NULL: it says nothing */
	const char *why;                 /* where it refuses: in words; NULL: it does not */
	const struct happened *input;    /* what was heard; NULL: a request or a note */
	int64_t after_us;                /* since the run began */
};

enum { DIFFERENCES_KEPT = 100 };

struct replayed {
	struct arena arena;
	size_t decisions, events; /* made; said on line, and compared */
	int64_t took_us;
	struct difference differences[DIFFERENCES_KEPT]; /* the first ones */
	size_t difference_count;
	size_t kept;
};

/* `db` is the sandbox's own. False after saying why it could not go on, or when interrupted. */
bool run_plan(const struct plan *plan, const struct replay_spec *spec, struct db *db, struct replayed *ret_replayed);
void replayed_done(struct replayed *replayed);

#endif
