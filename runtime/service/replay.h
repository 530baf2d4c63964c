/* A turn without a broker: decisions are made again, in a given order, at given times, and saved.
 *
 * The same loads, decisions and saves as in a consumer's turn; no inbox, no outbox, no cache. What was said is given
 * back.
 */
#ifndef SERVICE_REPLAY_H
#define SERVICE_REPLAY_H

#include "comanda/replay.h"

struct replay;

/* `db` stays the caller's. Migrates it: the runtime's tables and the service's. */
must_check enum status replay_open(const struct service *service, struct db *db, struct replay **ret_rebuild);
void replay_free(struct replay *rebuild);
define_freep(struct replay, replay_free);

/* The handler that decides messages of this type, in that consumer or in any; NULL: there is none. */
const struct handler *consumer_decider(const struct consumer_config *plan, int type);
const struct handler *service_decider(const struct service *service, int type);

struct replay_step {
	/* in */
	decide_function *decide;
	keys_function *keys; /* NULL: none */
	struct message message;
	int64_t now_us;
	/* out */
	struct decision_result decision;
	size_t output_count; /* what it said: the next ones in *ret_outputs */
};

/* Decides the steps in their order, in one transaction. What was said lives until the next turn. */
must_check enum status replay_batch(struct replay *rebuild, struct replay_step *steps, size_t count,
				    const struct output **ret_outputs);

#endif
