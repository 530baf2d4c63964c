/* A turn without a broker: decisions are made again, in a given order, at given times, and saved.
 *
 * The same loads, decisions and saves as in a lane's turn; no inbox, no outbox, no cache. What was said is given back.
 */
#ifndef RT_REBUILD_H
#define RT_REBUILD_H

#include "comanda/replay.h"

struct rebuild;

/* `db` stays the caller's. Migrates it: the runtime's tables and the service's. */
must_check enum status rebuild_open(const struct service *service, struct db *db, struct rebuild **ret_rebuild);
void rebuild_free(struct rebuild *rebuild);
define_freep(struct rebuild, rebuild_free);

/* The handler that decides messages of this type, in that lane or in any; NULL: there is none. */
const struct handler *lane_decider(const struct lane_plan *plan, int type);
const struct handler *service_decider(const struct service *service, int type);

struct rebuild_step {
	/* in */
	decide_function *decide;
	keys_function *keys; /* NULL: none */
	struct message message;
	int64_t now_us;
	/* out */
	struct verdict verdict;
	size_t output_count; /* what it said: the next ones in *ret_outputs */
};

/* Decides the steps in their order, in one transaction. What was said lives until the next turn. */
must_check enum status rebuild_turn(struct rebuild *rebuild, struct rebuild_step *steps, size_t count,
				    const struct output **ret_outputs);

#endif
