/* The search: every state that can be reached, once each, and every step between them. */
#ifndef TESTS_MODEL_SEARCH_H
#define TESTS_MODEL_SEARCH_H

#include "tests/model/model.h"

enum step_kind {
	STEP_START,       /* there was nothing before */
	STEP_BATCH,       /* what: batch, from load to commit in one */
	STEP_LOAD,        /* what: batch; its save is a separate step */
	STEP_SAVE,        /* what: batch */
	STEP_DUPLICATE,   /* what: delivery that is in the inbox */
	STEP_PUBLISH,     /* what: message from an outbox */
	STEP_TIMER,       /* what: message, of a deadline that is due */
	STEP_DEAD_LETTER, /* what: delivery */
	STEP_CLOCK,       /* what: enum phase that begins */
	STEP_DISABLE      /* what: aggregate */
};

/* How a step ends. */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_RETRY,        /* a save found a new row: nothing is saved, the message stays in the queue */
	OUTCOME_CRASH_BEFORE, /* before the commit, or before the broker received it */
	OUTCOME_CRASH_AFTER   /* after the commit (its answer lost, or not published, or not acknowledged); or after the
			      broker had it, and before that was written down */
};

struct step {
	uint8_t kind, outcome;
	number_t what;
};

/* A broken rule and the path to it. */
struct violation {
	enum rule rule; /* RULE_ALL: none is */
	uint32_t from;  /* the state before the step */
	struct step step;
	struct bag to;
};

struct search {
	struct model model;
	struct table states; /* key: the bag's facts; value: struct visit */
	uint32_t *edges;     /* targets, grouped by source */
	size_t edge_count, edge_room;
	uint32_t here;          /* the state whose steps are taken */
	unsigned depth;         /* of the last state, in steps */
	uint32_t settled_count; /* settled states */
	struct violation violation;
};

struct visit {
	uint32_t parent;
	struct step step; /* from there */
	size_t first_edge;
	uint32_t depth;
	bool settled, ends; /* ends: a settled state can be reached from here */
};

/* Visits all reachable states of the scenario; stops at the first violation. */
void search_run(struct search *search, const struct scenario *scenario, const struct mutation *mutation);
void search_done(struct search *search);

/* For steps: this one leads there. `state` is put into its canonical form. */
void search_reach(struct search *search, struct bag *state, struct step step);
/* For steps: this one breaks a rule. */
void search_break(struct search *search, enum rule rule, struct step step, const struct bag *state);

void search_state(const struct search *search, uint32_t number, struct bag *ret_state);

#endif
