/* Decides again what is on record: a unit of work per batch. */
#include "service/replay.h"

#include "store/txn.h"

extern const struct migration comanda_migrations[];

struct replay {
	struct txn txn;
};

enum status replay_open(const struct service *service, struct db *db, struct replay **ret_replay)
{
	enum status status = db_migrate(db, comanda_migrations);
	if (status == OK)
		status = db_migrate(db, service->migrations);
	if (status != OK)
		return status;
	struct replay *replay = mem_new(1, sizeof(*replay));
	txn_init(&replay->txn, service, NULL);
	replay->txn.db = db;
	*ret_replay = replay;
	return OK;
}

void replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	txn_done(&replay->txn);
	free(replay);
}

const struct handler *consumer_decider(const struct consumer_config *config, int type)
{
	for (const struct handler *handler = config->handlers; handler->decide != NULL || handler->read != NULL;
	     handler++)
		if (handler->type == type && handler->decide != NULL)
			return handler;
	return NULL;
}

const struct handler *service_decider(const struct service *service, int type)
{
	const struct handler *found = NULL;

	for (const struct consumer_config *config = service->consumers; config->name != NULL && found == NULL; config++)
		found = consumer_decider(config, type);
	return found;
}

enum status replay_batch(struct replay *replay, struct work_step *steps, size_t count,
			 const struct output **ret_outputs)
{
	arena_reset(&replay->txn.arena);
	return unit_of_work(&replay->txn, steps, count, OUTPUTS_DISCARDED, ret_outputs);
}
