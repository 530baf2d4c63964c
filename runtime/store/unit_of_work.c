/* Load, decide, save, commit: as in a consumer's batch, without what a message from the broker needs. */
#include "comanda/service.h"

#include "store/deadlines.h"
#include "store/event_writer.h"
#include "store/stores.h"

static enum status load(struct txn *txn, struct unit *unit, const struct work_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (steps[i].keys != NULL)
			steps[i].keys(unit_keys(unit), &steps[i].message);
	db_send_text(txn->db, "BEGIN");
	stores_load(txn, unit, true);
	return db_flush(txn->db);
}

static void decide(struct unit *unit, struct work_step *steps, size_t count)
{
	const struct output *outputs;

	for (size_t i = 0; i < count; i++) {
		const size_t before = unit_outputs(unit, &outputs);

		steps[i].decision = unit_decide(unit, steps[i].decide, &steps[i].message, steps[i].now_us, i);
		steps[i].output_count = unit_outputs(unit, &outputs) - before;
	}
}

static void write_outputs(struct txn *txn, const struct unit *unit, const struct work_step *steps, size_t count)
{
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();
	struct item *causes = arena_new(&txn->arena, count, sizeof(*causes));

	for (size_t i = 0; i < count; i++)
		causes[i].query.message = steps[i].message;
	write_events(txn, batch, unit, causes);
	for (size_t i = 0; i < batch->count; i++) /* not submitted to a relay: due for the next sweep */
		batch->rows[i].due_us = batch->rows[i].created_us;
	outbox_insert(txn->db, batch, false);
}

/* COMMIT is sent only after all results were looked at. A statement that touched fewer rows than it named is no error
 * to the database. */
static enum status commit(struct txn *txn)
{
	const enum status status = db_flush(txn->db);

	if (status != OK)
		return status;
	db_send_text(txn->db, "COMMIT");
	return db_sync(txn->db);
}

enum status unit_of_work(struct txn *txn, struct work_step *steps, size_t count, enum work_outputs outputs,
			 const struct output **ret_outputs)
{
	const struct output *unused;
	struct unit *unit = unit_make(&txn->arena, txn->service->name);

	enum status status = db_ensure(txn->db);
	if (status != OK)
		return status;
	status = load(txn, unit, steps, count);
	if (status == OK) {
		decide(unit, steps, count);
		stores_save(txn, unit, false);
		deadlines_save(txn, unit, false);
		if (outputs == OUTPUTS_TO_OUTBOX)
			write_outputs(txn, unit, steps, count);
		status = commit(txn);
	}
	if (status != OK) {
		db_recover(txn->db);
		return status;
	}
	unit_outputs(unit, ret_outputs != NULL ? ret_outputs : &unused);
	return OK;
}
