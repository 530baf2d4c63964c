/* Decides again what is on record. */
#include "service/replay.h"

#include "consumer/consumer.h"
#include "store/deadlines.h"

extern const struct migration comanda_migrations[];

/* As much of a consumer as loads and saves need. */
struct replay {
	struct engine engine;
	struct consumer consumer;
};

enum status replay_open(const struct service *service, struct db *db, struct replay **ret_rebuild)
{
	enum status status = db_migrate(db, comanda_migrations);
	if (status == OK)
		status = db_migrate(db, service->migrations);
	if (status != OK)
		return status;
	struct replay *rebuild = mem_new(1, sizeof(*rebuild));
	rebuild->engine.service = service;
	rebuild->consumer.engine = &rebuild->engine;
	rebuild->consumer.txn.db = db;
	arena_init(&rebuild->consumer.txn.arena);
	*ret_rebuild = rebuild;
	return OK;
}

void replay_free(struct replay *rebuild)
{
	if (rebuild == NULL)
		return;
	arena_done(&rebuild->consumer.txn.arena);
	free(rebuild);
}

const struct handler *consumer_decider(const struct consumer_config *plan, int type)
{
	for (const struct handler *handler = plan->handlers; handler->decide != NULL || handler->read != NULL;
	     handler++)
		if (handler->type == type && handler->decide != NULL)
			return handler;
	return NULL;
}

const struct handler *service_decider(const struct service *service, int type)
{
	const struct handler *found = NULL;

	for (const struct consumer_config *plan = service->consumers; plan->name != NULL && found == NULL; plan++)
		found = consumer_decider(plan, type);
	return found;
}

static enum status load(struct consumer *consumer, struct unit *unit)
{
	struct rows rows;

	db_send_text(consumer->txn.db, "BEGIN");
	stores_load_send(consumer, unit, true);
	enum status status = db_flush(consumer->txn.db);
	if (status == OK)
		status = db_result(consumer->txn.db, &rows);
	return status == OK ? stores_load_read(consumer, unit) : status;
}

static void decide(struct unit *unit, struct replay_step *steps, size_t count)
{
	const struct output *outputs;

	for (size_t i = 0; i < count; i++) {
		const size_t before = unit_outputs(unit, &outputs);

		steps[i].decision = unit_decide(unit, steps[i].decide, &steps[i].message, steps[i].now_us, i);
		steps[i].output_count = unit_outputs(unit, &outputs) - before;
	}
}

static enum status save(struct consumer *consumer, struct unit *unit)
{
	const struct service *service = consumer->engine->service;
	struct rows rows;

	stores_save_send(consumer, unit, false);
	deadlines_save_send(consumer->txn.db, service, unit, false);
	db_send_text(consumer->txn.db, "COMMIT");
	enum status status = db_sync(consumer->txn.db);
	if (status == OK)
		status = stores_save_read(consumer, unit);
	if (status == OK)
		status = deadlines_save_read(consumer->txn.db, service, unit, false);
	if (status == OK)
		status = db_result(consumer->txn.db, &rows);
	return status == OK ? db_synced(consumer->txn.db) : status;
}

enum status replay_batch(struct replay *rebuild, struct replay_step *steps, size_t count,
			 const struct output **ret_outputs)
{
	struct consumer *consumer = &rebuild->consumer;

	arena_reset(&consumer->txn.arena);
	struct unit *unit = unit_make(&consumer->txn.arena, consumer->engine->service->name);
	for (size_t i = 0; i < count; i++)
		if (steps[i].keys != NULL)
			steps[i].keys(unit_keys(unit), &steps[i].message);
	enum status status = load(consumer, unit);
	if (status != OK)
		return status;
	decide(unit, steps, count);
	unit_outputs(unit, ret_outputs);
	return save(consumer, unit);
}
