/* Turns: a consumer takes a message (or two), loads, decides, saves, commits, publishes, acknowledges; and whatever can
 * come in between. A turn whose rows are all there is one step: it holds their locks from load to commit, so that
 * nothing of what others do in the meantime concerns it. Where a row is missing, load and save are two steps; and where
 * a request, which no lock keeps from another turn, may be sent twice. */
#include "tests/model/steps.h"

#include "proto/messages.h"

static bool shares_id(const struct model *model, const struct turn *turn, number_t delivery)
{
	const number_t id = delivery_of(model, delivery).id;

	for (unsigned i = 0; i < turn->count; i++)
		if (delivery_of(model, turn->deliveries[i]).id == id)
			return true;
	return false;
}

/* Rows that were there when they were loaded are locked; those that were not, cannot be. */
static bool has_locked(const struct turn *turn, const struct delivery *delivery)
{
	for (unsigned i = 0; i < turn->seen_count; i++)
		for (unsigned named = 0; named < delivery->named_count; named++)
			if (turn->seen[i].row != 0 && turn->seen[i].aggregate == delivery->named[named])
				return true;
	return false;
}

/* Must the message wait: for a consumer, for another turn that has claimed the event, for a locked row? */
static bool must_wait(const struct model *model, const struct bag *state, number_t wanted)
{
	const struct delivery delivery = delivery_of(model, wanted);
	int busy = 0;

	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind != FACT_HAND || fact.side != delivery.side)
			continue;
		const struct turn turn = turn_of(model, fact.a);
		busy++;
		if (!delivery.remembered && !delivery.request && shares_id(model, &turn, wanted))
			return true;
		if (!model_twisted(model, TWIST_NO_LOCKS) && has_locked(&turn, &delivery))
			return true;
	}
	return busy >= model->world->consumers;
}

static bool in_two_steps(const struct model *model, const struct turn *turn)
{
	if (!side_of(turn->side)->keeps)
		return false;
	if (model_twisted(model, TWIST_NO_LOCKS))
		return turn->seen_count > 0;
	if (model->world->consumers < 2)
		return false;
	if (delivery_of(model, turn->deliveries[0]).request)
		return model->world->repeats && !turn->claims;
	for (unsigned i = 0; i < turn->seen_count; i++)
		if (turn->seen[i].row == 0)
			return true;
	return false;
}

bool steps_is_known(struct model *model, const struct bag *state, number_t delivery)
{
	const struct delivery wanted = delivery_of(model, delivery);
	const struct fact claim = {.kind = FACT_CLAIM, .side = wanted.side, .a = wanted.id};

	if (model_twisted(model, wanted.request ? TWIST_NO_COMMAND_INBOX : TWIST_NO_EVENT_INBOX))
		return false;
	return bag_has(model, state, claim);
}

/* Does this try drop the message? The first one does not ask for what aggregates remember, nor for requests. A later
 * one does, and finds what was heard where another such try had claimed it; where not, it decides like the first, which
 * is another step. */
static bool is_dropped(struct model *model, const struct bag *state, number_t delivery, unsigned manner)
{
	const struct delivery wanted = delivery_of(model, delivery);

	if (!wanted.remembered && !wanted.request)
		return steps_is_known(model, state, delivery);
	return (manner & MANNER_CLAIMS) != 0 &&
	       (turn_heard(model, state, delivery) != 0 || steps_is_known(model, state, delivery));
}

/* What is left of the taken messages once those that the inbox knows, and second copies, are gone. */
static unsigned claim(struct model *model, const struct bag *state, const struct taken *taken, unsigned manner,
		      number_t *ret_fresh)
{
	struct turn claimed = {0};

	for (unsigned i = 0; i < taken->count; i++) {
		const number_t delivery = taken->deliveries[i];

		if (is_dropped(model, state, delivery, manner) ||
		    (shares_id(model, &claimed, delivery) && !model_twisted(model, TWIST_NO_TWINS)))
			continue;
		claimed.deliveries[claimed.count] = ret_fresh[claimed.count] = delivery;
		claimed.count++;
	}
	return claimed.count;
}

/* A dead letter is written by a turn that has claimed its event. */
static bool must_claim(const struct model *model, const struct turn *turn)
{
	for (unsigned i = 0; i < turn->count; i++)
		if (turn_leaves(model, turn, i) && status_rule(turn->status[i])->settle != SETTLE_ACK)
			return true;
	return false;
}

static void decide(struct search *search, const struct bag *rest, const struct taken *taken, unsigned manner)
{
	struct model *model = &search->model;
	number_t fresh[TURN_ITEMS_MAX];

	const unsigned count = claim(model, rest, taken, manner, fresh);
	if (count == 0) {
		struct bag state = *rest;

		search_reach(search, &state, (struct step){STEP_DUPLICATE, FATE_WHOLE, taken->deliveries[0]});
		return;
	}
	const number_t number = turn_number(model, rest, fresh, count, manner);
	const struct turn turn = turn_of(model, number);
	if (must_claim(model, &turn)) {
		decide(search, rest, taken, manner | MANNER_CLAIMS);
		return;
	}
	if (in_two_steps(model, &turn)) {
		struct bag state = *rest;

		bag_add(model, &state, (struct fact){.kind = FACT_HAND, .side = turn.side, .a = number});
		search_reach(search, &state, (struct step){STEP_LOAD, FATE_WHOLE, number});
	} else if (side_of(turn.side)->keeps) {
		finish_turn(search, rest, &turn, taken, (struct step){STEP_TURN, FATE_WHOLE, number});
	} else {
		finish_answer(search, rest, &turn, taken, (struct step){STEP_TURN, FATE_WHOLE, number});
	}
}

/* For one reason or another a turn may be run again. Would it then drop what the first try decides? */
static bool drops_more(struct model *model, const struct bag *state, const struct taken *taken)
{
	for (unsigned i = 0; i < taken->count; i++)
		if (is_dropped(model, state, taken->deliveries[i], MANNER_CLAIMS) &&
		    !is_dropped(model, state, taken->deliveries[i], MANNER_FIRST))
			return true;
	return false;
}

static void take(struct search *search, const struct bag *state, const number_t *facts, unsigned count)
{
	struct model *model = &search->model;
	struct taken taken = {.count = count};
	struct bag rest = *state;

	for (unsigned i = 0; i < count; i++) {
		taken.deliveries[i] = fact_of(model, facts[i]).a;
		if (must_wait(model, state, taken.deliveries[i]))
			return;
		bag_drop(&rest, facts[i]);
	}
	decide(search, &rest, &taken, MANNER_FIRST);
	if (drops_more(model, &rest, &taken))
		decide(search, &rest, &taken, MANNER_CLAIMS);
	if (model_twisted(model, TWIST_FRESH_IDS))
		decide(search, &rest, &taken, MANNER_OTHER_IDS);
}

/* ---- what there is to take ---- */

/* An order is called off only once it is there: before, the client does not know its id. */
static bool may_take(const struct model *model, const struct bag *state, struct fact fact)
{
	if (fact.kind != FACT_QUEUE && fact.kind != FACT_WISH)
		return false;
	const struct delivery delivery = delivery_of(model, fact.a);
	return delivery.type != ORDERS_CANCEL || bag_row(model, state, delivery.named[0]) != 0;
}

/* Two events that one turn of a consumer may take. */
static bool go_together(const struct model *model, struct fact first, struct fact second)
{
	return first.kind == FACT_QUEUE && second.kind == FACT_QUEUE && first.side == second.side &&
	       delivery_of(model, first.a).request == delivery_of(model, second.a).request;
}

static void take_pairs(struct search *search, const struct bag *state, unsigned first)
{
	for (unsigned second = 0; second < state->count; second++) {
		const number_t facts[] = {state->facts[first], state->facts[second]};

		if (second == first || !may_take(&search->model, state, fact_of(&search->model, facts[1])) ||
		    !go_together(&search->model, fact_of(&search->model, facts[0]), fact_of(&search->model, facts[1])))
			continue;
		take(search, state, facts, 2);
	}
}

static void save_hand(struct search *search, const struct bag *state, number_t fact)
{
	const number_t number = fact_of(&search->model, fact).a;
	const struct turn turn = turn_of(&search->model, number);
	struct taken taken = {.count = turn.count};
	struct bag rest = *state;

	for (unsigned i = 0; i < turn.count; i++)
		taken.deliveries[i] = turn.deliveries[i];
	bag_drop(&rest, fact);
	finish_turn(search, &rest, &turn, &taken, (struct step){STEP_SAVE, FATE_WHOLE, number});
}

void steps_of_consumers(struct search *search, const struct bag *state)
{
	for (unsigned i = 0; i < state->count; i = bag_next(state, i + 1)) {
		const struct fact fact = fact_of(&search->model, state->facts[i]);

		if (fact.kind == FACT_HAND)
			save_hand(search, state, state->facts[i]);
		if (!may_take(&search->model, state, fact))
			continue;
		take(search, state, &state->facts[i], 1);
		if (search->model.world->pairs)
			take_pairs(search, state, i);
	}
}
