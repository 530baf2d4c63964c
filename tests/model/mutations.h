/* Mutations: what the explorer must find, to be believed where it finds nothing. Each takes out one guard, of the
 * runtime's steps (a twist of the explorer's own) or of a decision (another function in its place), and names the rule
 * that must then be broken in a world. */
#ifndef TESTS_MODEL_MUTATIONS_H
#define TESTS_MODEL_MUTATIONS_H

#include "tests/model/rules.h"
#include "tests/model/sides.h"

enum twist {
	TWIST_NONE,
	TWIST_NO_EVENT_INBOX,        /* what is claimed is not asked for */
	TWIST_NO_COMMAND_INBOX,      /* answers are not recorded */
	TWIST_NO_COLLISION,          /* what is recorded is found by turns that ask, and by no other */
	TWIST_ALL_REMEMBERED,        /* events are taken for remembered that are not */
	TWIST_NO_TWINS,              /* a turn decides a message twice that it has taken twice */
	TWIST_PUBLISH_BEFORE_COMMIT, /* events are out before the state is */
	TWIST_ACK_BEFORE_COMMIT,     /* a message is acknowledged before its turn is committed */
	TWIST_TELL_BEFORE_COMMIT,    /* a client is answered before its turn is committed */
	TWIST_OUTBOX_IN_MEMORY,      /* events are not written down with the state */
	TWIST_DELETE_BEFORE_CONFIRM, /* an outbox row is deleted before the broker has confirmed */
	TWIST_ACK_BEFORE_CONFIRM,    /* users acknowledges a message before its answer is confirmed */
	TWIST_NO_REARM,              /* a deadline is deleted when its note is sent */
	TWIST_DEADLINE_APART,        /* a deadline is written in a transaction of its own, after the state's */
	TWIST_NO_ROW_COUNT,          /* a save that touched fewer rows than it named goes through */
	TWIST_NO_LOCKS,              /* rows are read without being locked */
	TWIST_FRESH_IDS              /* outputs get new ids whenever they are decided */
};

/* Another decision in the place of what `side` decides about `type`. */
struct replaced {
	decide_function *decide; /* NULL: none */
	enum side_name side;
	int type;
};

struct mutation {
	const char *name;
	const char *world;
	enum rule caught_by; /* only this rule is looked at */
	enum twist twist;
	struct replaced replaced[2];
};

extern const struct mutation no_mutation; /* the product as it is, under all rules */
extern const struct mutation mutations[]; /* ends with a row whose name is NULL */

#endif
