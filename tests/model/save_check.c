/* What a save must never do. */
#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "products/usecases/decisions.h"
#include "proto/messages.h"
#include "tests/model/messages.h"
#include "tests/model/rows.h"
#include "tests/model/rules.h"
#include "tests/model/save.h"

static bool ends_twice(const struct order *before, const struct order *after)
{
	return before != NULL && saga_ended(before->state) &&
	       (before->state != after->state || before->version != after->version);
}

/* Reserved once, then sold or released once. A refusal and a tombstone are final. */
static bool wrong_transition(const struct reservation *before, const struct reservation *after)
{
	if (before == NULL)
		return after->state == RESERVATION_SOLD;
	return before->state != RESERVATION_HELD ||
	       (after->state != RESERVATION_SOLD && after->state != RESERVATION_RELEASED);
}

static void check_write(struct search *search, const struct bag *state, const struct batch *batch, unsigned write,
			struct step step)
{
	const struct model *model = &search->model;
	const struct aggregate *kind = aggregate_of(model, batch->writes[write].aggregate).kind;
	const void *before = row_data(model, bag_row(model, state, batch->writes[write].aggregate));
	const void *after = row_data(model, batch->writes[write].row);

	if (!save_takes_effect(model, state, batch, write))
		return;
	if (kind == &order_kind && ends_twice(before, after))
		search_break(search, RULE_END_IS_FINAL, step, state);
	if (kind == &reservation_kind && wrong_transition(before, after))
		search_break(search, RULE_RESERVED_ONCE, step, state);
}

/* An event that its consumer cannot process becomes a dead letter. That is right only after a month, when its order may
 * have been deleted. */
static bool dead_letters_event(const struct model *model, const struct bag *state, const struct batch *batch,
			       unsigned item)
{
	return !delivery_of(model, batch->deliveries[item]).request &&
	       status_rule(batch->status[item])->settle != SETTLE_ACK && bag_phase(model, state) != PHASE_LATER;
}

/* A batch with changes or events must have decided on the current rows. */
static bool is_outdated(const struct model *model, const struct bag *state, const struct batch *batch)
{
	if (batch->write_count == 0 && batch->event_count == 0)
		return false;
	for (unsigned i = 0; i < batch->seen_count; i++)
		if (bag_row(model, state, batch->seen[i].aggregate) != batch->seen[i].row)
			return true;
	return false;
}

/* Was this message processed before, in an earlier batch or earlier in this one? */
static bool was_handled(struct model *model, const struct bag *state, const struct batch *batch, unsigned item)
{
	const struct fact drop_duplicates = inbox_row(model, batch, item);

	for (unsigned earlier = 0; earlier < item; earlier++)
		if (inbox_row(model, batch, earlier).a == drop_duplicates.a)
			return true;
	return bag_has(model, state, drop_duplicates);
}

/* The effect of an earlier decision about the same event: before this decision, before its save, or earlier in this
 * batch. False: there is none. A duplicate that was ignored during this save does not count.
 */
static bool processed_before(const struct model *model, const struct bag *state, const struct batch *batch,
			     unsigned item, number_t *ret_effect)
{
	const number_t processed = batch_processed(model, state, batch->deliveries[item]);

	*ret_effect = processed != 0 ? fact_of(model, processed).b : EFFECT_NONE;
	if (batch->processed[item] != 0 || *ret_effect != EFFECT_NONE)
		return true;
	for (unsigned earlier = 0; earlier < item; earlier++)
		if (inbox_row(model, batch, earlier).a == inbox_row(model, batch, item).a) {
			*ret_effect = save_effect(batch, earlier);
			return true;
		}
	return false;
}

/* A message with an inbox row takes effect once. An event of an idempotent aggregate may be decided again. Then it
 * changes nothing, and publishes the same event or none. */
static bool done_twice(struct model *model, const struct bag *state, const struct batch *batch, unsigned item)
{
	number_t effect;

	if (batch->status[item] != OK)
		return false;
	if (!delivery_of(model, batch->deliveries[item]).idempotent)
		return was_handled(model, state, batch, item);
	return processed_before(model, state, batch, item, &effect) &&
	       (batch->changed[item] || (batch->event[item] != 0 && batch->event[item] != effect));
}

void save_check(struct search *search, const struct bag *state, const struct batch *batch, struct step step)
{
	struct model *model = &search->model;

	for (unsigned i = 0; i < batch->write_count; i++)
		check_write(search, state, batch, i, step);
	for (unsigned i = 0; i < batch->count; i++) {
		if (dead_letters_event(model, state, batch, i))
			search_break(search, RULE_NO_DEAD_LETTER, step, state);
		if (done_twice(model, state, batch, i))
			search_break(search, RULE_EFFECT_ONCE, step, state);
	}
	if (is_outdated(model, state, batch))
		search_break(search, RULE_DECIDED_ON_CURRENT_ROWS, step, state);
}
