/* A scenario: who is there, what they may do, and how much may go wrong. The explorer visits all that can happen in it.
 */
#ifndef TESTS_MODEL_SCENARIO_H
#define TESTS_MODEL_SCENARIO_H

#include <stdbool.h>

enum { ORDERS_MAX = 2, UNLIMITED = -1, UNKNOWN_PRODUCT = -1 };

/* Time stands still within a phase and passes on at any moment. */
enum phase {
	PHASE_OPEN,    /* orders may still be placed, and await their answers */
	PHASE_EXPIRED, /* their deadline has passed */
	PHASE_OVERDUE, /* and the time after which products asks what became of them */
	PHASE_LATER,   /* a month: inboxes and ended reservations were forgotten */
	PHASES
};

struct scenario {
	const char *name, *about;
	int orders;                /* each of one piece of the one product */
	int stock;                 /* pieces; UNKNOWN_PRODUCT: it is in no catalogue */
	bool disabled[ORDERS_MAX]; /* the order's buyer, from the start */
	bool may_be_disabled;      /* the first order's buyer, at any moment */
	bool cancels[ORDERS_MAX];  /* the buyer may call the order off, at any moment while it is there */
	bool repeats;              /* each buyer asks for an order twice, with the same key */
	enum phase last;           /* time goes no further */
	int crashes;               /* of anything, at any boundary between two steps, in all */
	int duplicates;            /* messages that a queue may get twice, in all; UNLIMITED: each may be */
	int dead_letters;          /* events that are dead-lettered as if they had crashed their consumer, in all */
	int overlapping_timers;    /* timers of one deadline that may overlap, with all that they lead to */
	int consumers;             /* of products' events, side by service */
	bool batches_of_two;       /* a batch may take two messages */
	/* Two reductions for large scenarios. Neither loses a behaviour:
	 * - what is committed is published in the same step. Queues are bags, so that a later publication is a later
	 *   delivery; what a crash leaves in the outbox is published later all the same;
	 * - a message that changes nothing, whenever it comes, is gone at once: the inbox knows it, or what it is about
	 *   has ended. */
	bool reduced;
};

extern const struct scenario scenarios[]; /* ends with a row whose name is NULL */

/* NULL: there is none of this name. */
const struct scenario *scenario_named(const char *name);

#endif
