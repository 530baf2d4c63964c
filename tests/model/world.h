/* A world: who is there, what they may do, and how much may go wrong. The explorer visits all that can happen in it. */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include <stdbool.h>

enum { ORDERS_MAX = 2, EVERY = -1, UNKNOWN_PRODUCT = -1 };

/* Time stands still within a phase and passes on at any moment. */
enum phase {
	PHASE_OPEN,    /* orders may still be placed, and await their answers */
	PHASE_EXPIRED, /* their deadline has passed */
	PHASE_OVERDUE, /* and the time after which products asks what became of them */
	PHASE_LATER,   /* a month: inboxes and ended reservations were forgotten */
	PHASES
};

struct world {
	const char *name, *about;
	int orders;                /* each of one piece of the one product */
	int stock;                 /* pieces; UNKNOWN_PRODUCT: it is in no catalogue */
	bool disabled[ORDERS_MAX]; /* the order's buyer, from the start */
	bool may_be_disabled;      /* the first order's buyer, at any moment */
	bool cancels[ORDERS_MAX];  /* the buyer may call the order off, at any moment while it is there */
	bool repeats;              /* each buyer asks for an order twice, with the same key */
	enum phase last;           /* time goes no further */
	int crashes;               /* of anything, at any boundary between two steps, in all */
	int doubles;               /* messages that a queue may get twice, in all; EVERY: each may be */
	int dead;                  /* events that are put aside as if they had crashed their consumer, in all */
	int rounds;                /* notes of one deadline that may overlap, with all that they lead to */
	int consumers;             /* of products' events, side by side */
	bool pairs;                /* a turn may take two messages */
	/* Two reductions for large worlds. Neither loses a behaviour:
	 * - what is committed is published in the same step. Queues are bags, so that a later publication is a later
	 *   delivery; what a crash leaves in the outbox is published later all the same;
	 * - a message that changes nothing, whenever it comes, is gone at once: the inbox knows it, or what it is about
	 *   has ended. */
	bool reduced;
};

extern const struct world worlds[]; /* ends with a row whose name is NULL */

/* NULL: there is none of this name. */
const struct world *world_named(const char *name);

#endif
