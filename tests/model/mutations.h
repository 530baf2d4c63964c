/* Mutations, which the explorer must detect. Each removes one guard, either of the runtime's steps in the explorer or
 * of a decision, which another function replaces. It names the rule that is then broken in a scenario. */
#ifndef TESTS_MODEL_MUTATIONS_H
#define TESTS_MODEL_MUTATIONS_H

#include "tests/model/rules.h"
#include "tests/model/services.h"

enum runtime_mutation {
	MUTATE_NOTHING,
	MUTATE_NO_EVENT_INBOX,        /* no duplicate check of events */
	MUTATE_NO_COMMAND_INBOX,      /* answers are not recorded */
	MUTATE_NO_COLLISION,          /* recorded answers do not collide; only batches that check first find them */
	MUTATE_ALL_IDEMPOTENT,        /* all events are treated as those of idempotent aggregates */
	MUTATE_NO_DUPLICATE_IN_BATCH, /* a batch decides both copies of a message */
	MUTATE_PUBLISH_BEFORE_COMMIT, /* events are published before the commit */
	MUTATE_ACK_BEFORE_COMMIT,     /* a message is acknowledged before its batch is committed */
	MUTATE_REPLY_BEFORE_COMMIT,   /* a client is answered before its batch is committed */
	MUTATE_OUTBOX_IN_MEMORY,      /* events are not saved with the state */
	MUTATE_DELETE_BEFORE_CONFIRM, /* an outbox row is deleted before the broker has confirmed */
	MUTATE_ACK_BEFORE_CONFIRM,    /* svc-users acknowledges a message before its answer is confirmed */
	MUTATE_NO_REARM,              /* a deadline is deleted when its timer is sent */
	MUTATE_DEADLINE_APART,        /* a deadline is written in a transaction of its own, after the state's */
	MUTATE_NO_ROW_COUNT,          /* a save succeeds although it changed fewer rows than it named */
	MUTATE_NO_LOCKS,              /* rows are read without locks */
	MUTATE_FRESH_IDS              /* each decision gives its outputs new ids */
};

/* A decision that replaces that of `service` about `type`. */
struct replaced {
	decide_function *decide; /* NULL: none */
	enum service_name service;
	int type;
};

struct mutation {
	const char *name;
	const char *scenario;
	enum rule caught_by; /* only this rule is checked */
	enum runtime_mutation runtime_mutation;
	struct replaced replaced[2];
};

extern const struct mutation no_mutation; /* no mutation, all rules */
extern const struct mutation mutations[]; /* ends with a row whose name is NULL */

#endif
