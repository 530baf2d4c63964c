/* The canonical form of a state. It omits inbox rows that can never match again: an id arrives only in a message in
 * flight, or in a message derived from one. In a reduced scenario it also omits messages without effect. */
#include "tests/model/canonical.h"

#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "products/usecases/decisions.h"
#include "proto/messages.h"
#include "tests/model/rows.h"
#include "tests/model/steps.h"

enum { UNDER_WAY_MAX = BAG_MAX };

struct under_way {
	unsigned count;
	number_t ids[UNDER_WAY_MAX];
};

static void add_delivery(const struct model *model, struct under_way *under_way, number_t delivery)
{
	under_way->ids[under_way->count++] = delivery_of(model, delivery).id;
}

static void find_under_way(const struct model *model, const struct bag *state, struct under_way *ret_under_way)
{
	ret_under_way->count = 0;
	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind == FACT_OUTBOX)
			ret_under_way->ids[ret_under_way->count++] = sent_message_of(model, fact.a).id;
		else if (fact.kind == FACT_QUEUE || fact.kind == FACT_POSSIBLE_REQUEST)
			add_delivery(model, ret_under_way, fact.a);
		else if (fact.kind == FACT_LOADED)
			for (unsigned item = 0; item < batch_of(model, fact.a).count; item++)
				add_delivery(model, ret_under_way, batch_of(model, fact.a).deliveries[item]);
	}
}

static bool may_arrive(const struct model *model, const struct under_way *under_way, number_t id)
{
	for (unsigned i = 0; i < under_way->count; i++)
		if (id_descends(model, id, under_way->ids[i]))
			return true;
	return false;
}

/* The timer from which an id is derived; 0: none. */
static number_t timer_behind(const struct model *model, number_t id)
{
	while (id != 0 && id_origin(model, id).timer_subject == 0)
		id = id_origin(model, id).cause;
	return id;
}

static bool seen_before(const number_t *ids, unsigned count, number_t id)
{
	for (unsigned i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

unsigned state_timers(const struct model *model, const struct bag *state, number_t type, number_t subject)
{
	struct under_way under_way;
	unsigned count = 0;

	find_under_way(model, state, &under_way);
	for (unsigned i = 0; i < under_way.count; i++) {
		const number_t timer = timer_behind(model, under_way.ids[i]);

		if (timer == 0 || seen_before(under_way.ids, count, timer))
			continue;
		const struct id_origin origin = id_origin(model, timer);
		if (origin.timer_type == type && origin.timer_subject == subject)
			under_way.ids[count++] = timer; /* this entry was already checked */
	}
	return count;
}

bool state_knows_id(const struct model *model, const struct bag *state, number_t id)
{
	struct under_way known;

	find_under_way(model, state, &known);
	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if ((fact.kind == FACT_INBOX || fact.kind == FACT_PROCESSED) && id_descends(model, fact.a, id))
			return true;
	}
	for (unsigned i = 0; i < known.count; i++)
		if (id_descends(model, known.ids[i], id))
			return true;
	return false;
}

/* ---- what can be left out ---- */

/* Rows that will never change again. */
static bool is_final(const struct model *model, const struct bag *state, number_t aggregate)
{
	const struct aggregate *kind = aggregate_of(model, aggregate).kind;
	const void *data = row_data(model, bag_row(model, state, aggregate));

	if (data == NULL)
		return false;
	if (kind == &order_kind)
		return saga_ended(((const struct order *)data)->state);
	return kind == &reservation_kind && ((const struct reservation *)data)->state != RESERVATION_HELD;
}

/* Is the decision about this message the same at any later time? */
static bool is_final_for(const struct model *model, const struct bag *state, const struct delivery *delivery)
{
	if ((delivery->type == ORDERS_PLACE || delivery->type == ORDER_PLACED) && bag_phase(model, state) != PHASE_OPEN)
		return true;
	for (unsigned i = 0; i < delivery->named_count; i++)
		if (is_final(model, state, delivery->named[i]))
			return true;
	return false;
}

/* Does the message have no effect at any later time? */
static bool has_no_effect(struct model *model, const struct bag *state, number_t number)
{
	const struct delivery delivery = delivery_of(model, number);

	if (steps_is_known(model, state, number))
		return true;
	if (!is_final_for(model, state, &delivery))
		return false;
	const struct batch batch = batch_of(model, batch_number(model, state, &number, 1, MODE_FIRST));
	return batch.write_count == 0 && batch.event_count == 0 && batch.deadline_count == 0;
}

/* Ghost facts exist only for the rules. Those that can no longer break a rule are dropped. */
static bool is_unneeded_ghost(struct model *model, const struct bag *state, struct fact fact)
{
	if (fact.kind == FACT_ACCEPTED)
		return bag_row(model, state, fact.a) != 0;
	if (fact.kind != FACT_VERIFIED && fact.kind != FACT_END_PROCESSED)
		return false;
	const struct uuid id = id_origin(model, fact.a).id;
	const struct aggregate *kind = fact.kind == FACT_VERIFIED ? &order_kind : &reservation_kind;
	const number_t aggregate = aggregate_number(model, kind, &id);
	const struct order *order = row_data(model, bag_row(model, state, aggregate));
	return is_final(model, state, aggregate) && !(kind == &order_kind && order->state == CONFIRMED);
}

static bool can_be_dropped(struct model *model, const struct bag *state, struct fact fact)
{
	if (model->scenario->reduced && (fact.kind == FACT_QUEUE || fact.kind == FACT_POSSIBLE_REQUEST))
		return has_no_effect(model, state, fact.a);
	return is_unneeded_ghost(model, state, fact);
}

static void drop_facts(struct model *model, struct bag *state)
{
	struct bag kept = {0};

	for (unsigned i = 0; i < state->count; i++)
		if (!can_be_dropped(model, state, fact_of(model, state->facts[i])))
			kept.facts[kept.count++] = state->facts[i];
	*state = kept;
}

static void forget_inbox_rows(struct model *model, struct bag *state)
{
	struct under_way under_way;
	unsigned kept = 0;

	find_under_way(model, state, &under_way);
	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if ((fact.kind != FACT_INBOX && fact.kind != FACT_PROCESSED) || may_arrive(model, &under_way, fact.a))
			state->facts[kept++] = state->facts[i];
	}
	state->count = kept;
}

void canonical(struct model *model, struct bag *state)
{
	drop_facts(model, state);
	forget_inbox_rows(model, state);
}
