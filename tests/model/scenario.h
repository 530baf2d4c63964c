/* A scenario: the orders and buyers, their possible requests, and the number of faults. The explorer visits all
 * behaviours.
 */
#ifndef TESTS_MODEL_SCENARIO_H
#define TESTS_MODEL_SCENARIO_H

#include <stdbool.h>

enum { ORDERS_MAX = 2, UNLIMITED = -1, UNKNOWN_PRODUCT = -1 };

/* Time is constant within a phase. The next phase can start at any moment. */
enum phase {
	PHASE_OPEN,    /* orders can be placed and confirmed */
	PHASE_EXPIRED, /* the deadline of orders has passed */
	PHASE_OVERDUE, /* also the time after which svc-products asks about the order */
	PHASE_LATER,   /* a month later: inbox rows and ended reservations are deleted */
	PHASES
};

struct scenario {
	const char *name, *about;
	int orders;                /* each for one piece of the product */
	int stock;                 /* pieces; UNKNOWN_PRODUCT: the product does not exist */
	bool disabled[ORDERS_MAX]; /* the order's buyer is disabled from the start */
	bool may_be_disabled;      /* the first order's buyer can be disabled at any moment */
	bool cancels[ORDERS_MAX];  /* the buyer can cancel the order at any moment */
	bool repeats;              /* each buyer sends the order twice with the same key */
	bool batches_of_two;       /* a batch may take two messages */
	/* Two reductions for large scenarios. Neither loses a behaviour:
	 * - Events are published in the step of their commit. Queues are unordered, so that a later publication equals
	 *   a later delivery. Events that a crash leaves in the outbox are still published later.
	 * - A message without effect at any time disappears at once: a duplicate, or a message about an ended order. */
	bool reduced;
	enum phase last;        /* the last phase */
	int crashes;            /* total number of crashes, each at any boundary of two steps */
	int duplicates;         /* total number of duplicated messages; UNLIMITED: each can be */
	int dead_letters;       /* total number of events that become dead letters */
	int overlapping_timers; /* timers of one deadline that may overlap, with their consequences */
	int consumers;          /* consumers of svc-products' events, in parallel */
};

extern const struct scenario scenarios[]; /* ends with a row whose name is NULL */

/* NULL: there is none of this name. */
const struct scenario *scenario_named(const char *name);

#endif
