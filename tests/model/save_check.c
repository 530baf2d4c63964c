/* What a save must never do. */
#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "products/usecases/aggregates.h"
#include "proto/messages.h"
#include "tests/model/letters.h"
#include "tests/model/rows.h"
#include "tests/model/rules.h"
#include "tests/model/save.h"

static bool ends_twice(const struct order *before, const struct order *after)
{
	return before != NULL && saga_ended(before->state) &&
	       (before->state != after->state || before->version != after->version);
}

/* Held once, and then sold or let go, once. A refusal and a tombstone stay what they are. */
static bool held_amiss(const struct reservation *before, const struct reservation *after)
{
	if (before == NULL)
		return after->state == RESERVATION_SOLD;
	return before->state != RESERVATION_HELD ||
	       (after->state != RESERVATION_SOLD && after->state != RESERVATION_RELEASED);
}

static void check_write(struct search *search, const struct bag *state, const struct turn *turn, unsigned write,
			struct step step)
{
	const struct model *model = &search->model;
	const struct aggregate *kind = aggregate_of(model, turn->writes[write].aggregate).kind;
	const void *before = row_data(model, bag_row(model, state, turn->writes[write].aggregate));
	const void *after = row_data(model, turn->writes[write].row);

	if (!save_takes_effect(model, state, turn, write))
		return;
	if (kind == &order_kind && ends_twice(before, after))
		search_break(search, RULE_END_IS_FINAL, step, state);
	if (kind == &reservation_kind && held_amiss(before, after))
		search_break(search, RULE_HELD_ONCE, step, state);
}

/* An event that its consumer cannot make sense of would wait for a person among the dead letters. After a month, when
 * what it is about may have been forgotten, that is where it belongs. */
static bool puts_aside(const struct model *model, const struct bag *state, const struct turn *turn, unsigned item)
{
	return !delivery_of(model, turn->deliveries[item]).request &&
	       status_rule(turn->status[item])->settle != SETTLE_ACK && bag_phase(model, state) != PHASE_LATER;
}

/* Whoever changes or says something must have decided it on the rows as they are. */
static bool is_outdated(const struct model *model, const struct bag *state, const struct turn *turn)
{
	if (turn->write_count == 0 && turn->said_count == 0)
		return false;
	for (unsigned i = 0; i < turn->seen_count; i++)
		if (bag_row(model, state, turn->seen[i].aggregate) != turn->seen[i].row)
			return true;
	return false;
}

/* Was this message handled before: in an earlier turn, or earlier in this one? */
static bool is_handled(struct model *model, const struct bag *state, const struct turn *turn, unsigned item)
{
	const struct fact claim = save_claim(model, turn, item);

	for (unsigned earlier = 0; earlier < item; earlier++)
		if (save_claim(model, turn, earlier).a == claim.a)
			return true;
	return bag_has(model, state, claim);
}

/* What an earlier decision about the same event did: before this one was made, or before it was saved, or earlier in
 * this turn. False: nothing stands in its way. A copy that was ignored while this decision was being saved does not. */
static bool did_before(const struct model *model, const struct bag *state, const struct turn *turn, unsigned item,
		       number_t *ret_effect)
{
	const number_t heard = turn_heard(model, state, turn->deliveries[item]);

	*ret_effect = heard != 0 ? fact_of(model, heard).b : EFFECT_NONE;
	if (turn->heard[item] != 0 || *ret_effect != EFFECT_NONE)
		return true;
	for (unsigned earlier = 0; earlier < item; earlier++)
		if (save_claim(model, turn, earlier).a == save_claim(model, turn, item).a) {
			*ret_effect = save_effect(turn, earlier);
			return true;
		}
	return false;
}

/* A message that must be claimed is done once. What aggregates remember may be decided again: then it changes nothing,
 * and says what it said, or nothing. */
static bool done_twice(struct model *model, const struct bag *state, const struct turn *turn, unsigned item)
{
	number_t effect;

	if (turn->status[item] != OK)
		return false;
	if (!delivery_of(model, turn->deliveries[item]).remembered)
		return is_handled(model, state, turn, item);
	return did_before(model, state, turn, item, &effect) &&
	       (turn->changed[item] || (turn->spoke[item] != 0 && turn->spoke[item] != effect));
}

void save_check(struct search *search, const struct bag *state, const struct turn *turn, struct step step)
{
	struct model *model = &search->model;

	for (unsigned i = 0; i < turn->write_count; i++)
		check_write(search, state, turn, i, step);
	for (unsigned i = 0; i < turn->count; i++) {
		if (puts_aside(model, state, turn, i))
			search_break(search, RULE_NOTHING_PUT_ASIDE, step, state);
		if (done_twice(model, state, turn, i))
			search_break(search, RULE_DONE_ONCE, step, state);
	}
	if (is_outdated(model, state, turn))
		search_break(search, RULE_DECIDED_ON_WHAT_IS, step, state);
}
