/* Replay: decisions are made again, in a given order, at given times, and saved in another database.
 *
 * Loads, decisions and saves are those of a batch of a consumer. There is no inbox, no outbox and no cache: what was
 * said is returned. */
#ifndef SERVICE_REPLAY_H
#define SERVICE_REPLAY_H

#include "comanda/replay.h"

struct replay;

/* `db` stays the caller's. Applies the migrations of the runtime and of the service to it. */
must_check enum status replay_open(const struct service *service, struct db *db, struct replay **ret_replay);
void replay_free(struct replay *replay);
define_freep(struct replay, replay_free);

/* The handler that decides messages of this type, in that consumer or in any; NULL: there is none. */
const struct handler *consumer_decider(const struct consumer_config *config, int type);
const struct handler *service_decider(const struct service *service, int type);

/* Decides the steps in their order, in one transaction. The outputs live until the next call. */
must_check enum status replay_batch(struct replay *replay, struct work_step *steps, size_t count,
				    const struct output **ret_outputs);

#endif
