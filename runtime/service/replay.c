/* Decides again what is on record. */
#include "service/replay.h"

#include "consumer/consumer.h"
#include "store/deadlines.h"

extern const struct migration comanda_migrations[];

/* As much of a lane as loads and saves need. */
struct rebuild {
	struct engine engine;
	struct lane lane;
};

enum status rebuild_open(const struct service *service, struct db *db, struct rebuild **ret_rebuild)
{
	enum status status = db_migrate(db, comanda_migrations);
	if (status == OK)
		status = db_migrate(db, service->migrations);
	if (status != OK)
		return status;
	struct rebuild *rebuild = mem_new(1, sizeof(*rebuild));
	rebuild->engine.service = service;
	rebuild->lane.engine = &rebuild->engine;
	rebuild->lane.db = db;
	arena_init(&rebuild->lane.arena);
	*ret_rebuild = rebuild;
	return OK;
}

void rebuild_free(struct rebuild *rebuild)
{
	if (rebuild == NULL)
		return;
	arena_done(&rebuild->lane.arena);
	free(rebuild);
}

const struct handler *lane_decider(const struct lane_plan *plan, int type)
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

	for (const struct lane_plan *plan = service->lanes; plan->name != NULL && found == NULL; plan++)
		found = lane_decider(plan, type);
	return found;
}

static enum status load(struct lane *lane, struct unit *unit)
{
	struct rows rows;

	db_send_text(lane->db, "BEGIN");
	stores_load_send(lane, unit, true);
	enum status status = db_flush(lane->db);
	if (status == OK)
		status = db_result(lane->db, &rows);
	return status == OK ? stores_load_read(lane, unit) : status;
}

static void decide(struct unit *unit, struct rebuild_step *steps, size_t count)
{
	const struct output *outputs;

	for (size_t i = 0; i < count; i++) {
		const size_t before = unit_outputs(unit, &outputs);

		steps[i].verdict = unit_decide(unit, steps[i].decide, &steps[i].message, steps[i].now_us, i);
		steps[i].output_count = unit_outputs(unit, &outputs) - before;
	}
}

static enum status save(struct lane *lane, struct unit *unit)
{
	const struct service *service = lane->engine->service;
	struct rows rows;

	stores_save_send(lane, unit, false);
	deadlines_save_send(lane->db, service, unit, false);
	db_send_text(lane->db, "COMMIT");
	enum status status = db_sync(lane->db);
	if (status == OK)
		status = stores_save_read(lane, unit);
	if (status == OK)
		status = deadlines_save_read(lane->db, service, unit, false);
	if (status == OK)
		status = db_result(lane->db, &rows);
	return status == OK ? db_synced(lane->db) : status;
}

enum status rebuild_turn(struct rebuild *rebuild, struct rebuild_step *steps, size_t count,
			 const struct output **ret_outputs)
{
	struct lane *lane = &rebuild->lane;

	arena_reset(&lane->arena);
	struct unit *unit = unit_make(&lane->arena, lane->engine->service->name);
	for (size_t i = 0; i < count; i++)
		if (steps[i].keys != NULL)
			steps[i].keys(unit_keys(unit), &steps[i].message);
	enum status status = load(lane, unit);
	if (status != OK)
		return status;
	decide(unit, steps, count);
	unit_outputs(unit, ret_outputs);
	return save(lane, unit);
}
