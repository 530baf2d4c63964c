/* A turn of events that change nothing here: load, decide, send, wait for the confirms. No transaction, no inbox: the
 * outputs have derived ids, so that an event decided twice is dropped by the inbox of whoever hears the answer twice.
 */
#include "consumer/consumer.h"
#include "consumer/event_writer.h"

static enum status load(struct lane *lane, struct unit *unit)
{
	stores_load_send(lane, unit, true);
	enum status status = db_sync(lane->db);
	if (status == OK)
		status = stores_load_read(lane, unit);
	return status == OK ? db_synced(lane->db) : status;
}

/* What cannot be decided goes to the dead letters, or waits; that is written to the outbox, like everywhere. */
static enum status put_aside(struct lane *lane, struct item *item, const struct refusal *refusal)
{
	scoped(parcel_free) struct parcel *parcel = parcel_new();

	if (status_rule(item->query.status)->settle == SETTLE_DEAD)
		letter_dead(lane, parcel, item, refusal);
	else
		letter_later(lane, parcel, item, refusal);
	outbox_insert_send(lane->db, parcel, false);
	enum status status = db_sync(lane->db);
	if (status == OK)
		status = outbox_insert_read(lane->db, parcel);
	if (status == OK)
		status = db_synced(lane->db);
	if (status == OK)
		relay_give(lane->engine->relay, &parcel);
	return status;
}

static enum status decide_item(struct lane *lane, struct unit *unit, struct item *item)
{
	struct refusal refusal = item->query.refusal;

	if (item->query.status == OK) {
		const struct verdict verdict = unit_decide(unit, item->handler->decide, &item->query.message,
							   moment_now(), (size_t)(item - lane->batch.items));
		item->query.status = verdict.status;
		refusal = verdict.refusal;
	}
	if (status_rule(item->query.status)->settle == SETTLE_ACK)
		return OK;
	return put_aside(lane, item, &refusal);
}

static enum status decide(struct lane *lane, struct unit *unit)
{
	for (size_t i = 0; i < lane->batch.count; i++) {
		struct item *item = &lane->batch.items[i];

		item->query.status = item->gathered;
		const enum status status = decide_item(lane, unit, item);
		if (status != OK)
			return status;
	}
	return OK;
}

/* Meanwhile the lane's own connection is kept alive. */
static enum status deliver(struct lane *lane, struct parcel *parcel)
{
	enum status status = parcel->count == 0 ? OK : E_TIMEOUT;

	if (parcel->count > 0)
		relay_lend(lane->engine->relay, parcel);
	while (status == E_TIMEOUT) {
		status = relay_await(lane->engine->relay, parcel, SECOND_US);
		if (status == E_TIMEOUT && broker_tick(lane->broker, 0) != OK)
			continue; /* the parcel is in the relay's hands: it must be waited for all the same */
	}
	return status;
}

enum status answers_turn(struct lane *lane)
{
	struct unit *unit = unit_make(&lane->arena, lane->engine->service->name);
	scoped(parcel_free) struct parcel *parcel = parcel_new();
	struct item **items = arena_new(&lane->arena, lane->batch.count + 1, sizeof(struct item *));

	for (size_t i = 0; i < lane->batch.count; i++)
		items[i] = &lane->batch.items[i];
	name_keys(unit, items, lane->batch.count);
	if (db_ensure(lane->db) != OK)
		return E_UNAVAILABLE;
	enum status status = load(lane, unit);
	if (status == OK)
		status = decide(lane, unit);
	if (status != OK) {
		db_recover(lane->db);
		return E_UNAVAILABLE;
	}
	letters_events(lane, parcel, unit);
	return deliver(lane, parcel);
}
