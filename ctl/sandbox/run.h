/* Runs a plan: makes each decision again, and compares what it publishes with the recorded events. */
#ifndef CTL_SANDBOX_RUN_H
#define CTL_SANDBOX_RUN_H

#include "ctl/sandbox/plan.h"

/* An output of a decision that differs from the recorded one. */
struct difference {
	size_t index;                         /* of the decision, in the order of the plan */
	const struct history_event *recorded; /* NULL: no event is recorded there */
	const char *rebuilt;                  /* the event that this build publishes, as JSON; NULL: none */
	const char *refusal;                  /* why this build refuses, in words; NULL: it does not */
	const struct history_event *input;    /* the event that was decided on; NULL: a request or a timer */
	int64_t after_us;                     /* since the run began */
};

enum { DIFFERENCES_KEPT = 100 };

struct replay_result {
	struct arena arena;
	size_t decisions; /* that were made again */
	size_t events;    /* that were recorded and compared */
	size_t envelopes; /* of these: differ only in members of the envelope that no decision makes */
	int64_t took_us;
	struct difference differences[DIFFERENCES_KEPT]; /* the first ones */
	size_t difference_count;                         /* of all */
	size_t kept;
};

/* `db` is the sandbox's own database, empty. False after an error message, or when interrupted. */
bool run_plan(const struct plan *plan, const struct replay_spec *spec, struct db *db, struct replay_result *ret_result);
void replay_result_done(struct replay_result *result);

#endif
