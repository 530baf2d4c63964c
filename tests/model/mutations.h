/* Mutations: what the explorer must find, to be believed where it finds nothing. Each takes out one guard, of the
 * runtime's steps (a mutation of the explorer's own) or of a decision (another function in its place), and names the
 * rule that must then be broken in a scenario. */
#ifndef TESTS_MODEL_MUTATIONS_H
#define TESTS_MODEL_MUTATIONS_H

#include "tests/model/rules.h"
#include "tests/model/services.h"

enum runtime_mutation {
	MUTATE_NOTHING,
	MUTATE_NO_EVENT_INBOX,        /* what is claimed is not asked for */
	MUTATE_NO_COMMAND_INBOX,      /* answers are not recorded */
	MUTATE_NO_COLLISION,          /* what is recorded is found by batches that ask, and by no other */
	MUTATE_ALL_IDEMPOTENT,        /* events are taken for remembered that are not */
	MUTATE_NO_DUPLICATE_IN_BATCH, /* a batch decides a message twice that it has taken twice */
	MUTATE_PUBLISH_BEFORE_COMMIT, /* events are out before the state is */
	MUTATE_ACK_BEFORE_COMMIT,     /* a message is acknowledged before its batch is committed */
	MUTATE_REPLY_BEFORE_COMMIT,   /* a client is answered before its batch is committed */
	MUTATE_OUTBOX_IN_MEMORY,      /* events are not written down with the state */
	MUTATE_DELETE_BEFORE_CONFIRM, /* an outbox row is deleted before the broker has confirmed */
	MUTATE_ACK_BEFORE_CONFIRM,    /* users acknowledges a message before its answer is confirmed */
	MUTATE_NO_REARM,              /* a deadline is deleted when its timer is sent */
	MUTATE_DEADLINE_APART,        /* a deadline is written in a transaction of its own, after the state's */
	MUTATE_NO_ROW_COUNT,          /* a save that touched fewer rows than it named goes through */
	MUTATE_NO_LOCKS,              /* rows are read without being locked */
	MUTATE_FRESH_IDS              /* outputs get new ids whenever they are decided */
};

/* Another decision in the place of what `service` decides about `type`. */
struct replaced {
	decide_function *decide; /* NULL: none */
	enum service_name service;
	int type;
};

struct mutation {
	const char *name;
	const char *scenario;
	enum rule caught_by; /* only this rule is looked at */
	enum runtime_mutation runtime_mutation;
	struct replaced replaced[2];
};

extern const struct mutation no_mutation; /* the product as it is, under all rules */
extern const struct mutation mutations[]; /* ends with a row whose name is NULL */

#endif
