/* The statements of a save: compare runtime/store/stores.c, inbox.c, outbox.c, deadlines.c. */
#include "tests/model/save.h"

#include "proto/messages.h"
#include "tests/model/messages.h"

/* ---- rows ---- */

/* Was one of the batch's requests answered before? Its inbox row collides. A request without a row is found by a
 * lookup. */
static bool request_collides(struct model *model, const struct bag *state, const struct batch *batch)
{
	if (model_mutated(model, MUTATE_NO_COMMAND_INBOX) || model_mutated(model, MUTATE_NO_COLLISION))
		return false;
	for (unsigned i = 0; i < batch->count; i++)
		if (delivery_of(model, batch->deliveries[i]).request &&
		    bag_has(model, state, inbox_row(model, batch, i)))
			return true;
	return false;
}

bool save_fits(struct model *model, const struct bag *state, const struct batch *batch)
{
	if (request_collides(model, state, batch))
		return false;
	if (model_mutated(model, MUTATE_NO_ROW_COUNT))
		return true;
	for (unsigned i = 0; i < batch->write_count; i++)
		if (!batch->writes[i].found && bag_row(model, state, batch->writes[i].aggregate) != 0)
			return false;
	return true;
}

bool save_takes_effect(const struct model *model, const struct bag *state, const struct batch *batch, unsigned write)
{
	return batch->writes[write].found || bag_row(model, state, batch->writes[write].aggregate) == 0;
}

static bool is_recorded(const struct model *model, const struct batch *batch, unsigned item)
{
	const int http = status_rule(batch->status[item])->http;

	if (!delivery_of(model, batch->deliveries[item]).request)
		return true;
	return batch->status[item] == OK || (http >= 400 && http < 500 && http != 401);
}

struct fact inbox_row(const struct model *model, const struct batch *batch, unsigned item)
{
	return (struct fact){
		.kind = FACT_INBOX, .service = batch->service, .a = delivery_of(model, batch->deliveries[item]).id};
}

/* A ghost fact for the rules: svc-products has processed the end of an order that is not confirmed. */
static void record_end(struct model *model, struct bag *state, struct delivery delivery)
{
	const bool is_end =
		delivery.type == ORDER_REJECTED || delivery.type == ORDER_EXPIRED || delivery.type == ORDER_CANCELLED;

	if (is_end)
		bag_set(model, state,
			(struct fact){.kind = FACT_END_PROCESSED, .a = sent_message_of(model, delivery.sent).subject});
}

number_t save_effect(const struct batch *batch, unsigned item)
{
	if (batch->event[item] != 0)
		return batch->event[item];
	return batch->changed[item] ? EFFECT_SILENT : EFFECT_NONE;
}

/* An event of an idempotent aggregate has an inbox row or not, depending on the try. FACT_PROCESSED stands for both. */
static void record_processed(struct model *model, struct bag *state, const struct batch *batch, unsigned item)
{
	const number_t before = batch_processed(model, state, batch->deliveries[item]);
	const struct fact processed = {.kind = FACT_PROCESSED,
				       .service = batch->service,
				       .a = delivery_of(model, batch->deliveries[item]).id,
				       .b = save_effect(batch, item)};

	if (before != 0 && fact_of(model, before).b != EFFECT_NONE)
		return;
	if (before != 0)
		bag_drop(state, before);
	bag_add(model, state, processed);
}

static void record_handled(struct model *model, struct bag *state, const struct batch *batch, unsigned item)
{
	const bool idempotent = delivery_of(model, batch->deliveries[item]).idempotent;

	if (idempotent && status_rule(batch->status[item])->settle == SETTLE_ACK)
		record_processed(model, state, batch, item);
	else if (is_recorded(model, batch, item))
		bag_set(model, state, inbox_row(model, batch, item));
}

void save_rows(struct model *model, struct bag *state, const struct batch *batch)
{
	for (unsigned i = 0; i < batch->write_count; i++)
		if (save_takes_effect(model, state, batch, i))
			bag_set_row(model, state, batch->writes[i].aggregate, batch->writes[i].row);
	for (unsigned i = 0; i < batch->count; i++) {
		record_handled(model, state, batch, i);
		record_end(model, state, delivery_of(model, batch->deliveries[i]));
	}
}

void save_outbox(struct model *model, struct bag *state, const struct batch *batch)
{
	for (unsigned i = 0; i < batch->event_count; i++) {
		const struct fact row = {.kind = FACT_OUTBOX, .service = batch->service, .a = batch->events[i]};

		/* An event without a bound queue has no effect. */
		if (sent_message_of(model, batch->events[i]).receivers != 0)
			bag_set(model, state, row);
	}
}

/* Set at the commit, although for a second the deadline is in the row of its batch. A due deadline is found in either
 * row. If the order ends meanwhile, promotion skips the deadline or deletes its row (runtime/store/deadline_promotion.c
 * says why). That is equivalent to a clear by the batch that ends the order. */
void save_deadlines(struct model *model, struct bag *state, const struct batch *batch)
{
	for (unsigned i = 0; i < batch->deadline_count; i++) {
		const struct fact row = {.kind = FACT_DEADLINE,
					 .service = batch->service,
					 .a = batch->deadlines[i].type,
					 .b = batch->deadlines[i].subject};

		if (batch->deadlines[i].set)
			bag_set(model, state, row);
		else
			bag_clear(model, state, row);
	}
}
