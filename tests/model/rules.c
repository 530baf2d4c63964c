/* The rules for states. Rules for steps are checked with the steps (save_check.c, steps_relays.c). */
#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "products/usecases/decisions.h"
#include "tests/model/messages.h"
#include "tests/model/model.h"
#include "tests/model/rows.h"

const char *rule_text(enum rule rule)
{
	static const char *const texts[RULES] = {
		[RULE_ALL] = "all rules",
		[RULE_STOCK_IN_BOUNDS] = "stock is never negative, and never reserved beyond what exists",
		[RULE_STOCK_CONSERVED] = "stock is conserved: on hand = initial - sold, reserved = sum of reservations",
		[RULE_CONFIRMED_BY_BOTH] = "a confirmed order has a verified buyer and its goods",
		[RULE_SOLD_ONCE_CONFIRMED] = "goods are sold only to confirmed orders",
		[RULE_ACCEPTED_ORDER_EXISTS] = "an order that a client knows exists",
		[RULE_ONE_KEY_ONE_ORDER] = "one key makes one order",
		[RULE_END_IS_PROCESSED] = "nothing is reserved for an order whose end svc-products has processed",
		[RULE_NOTHING_LOST] = "without messages before the deadline, every order has ended",
		[RULE_NOTHING_STUCK] = "every open order has a message or a deadline",
		[RULE_ENDS_CONSISTENT] = "at the end, goods of confirmed orders are sold and none are reserved",
		[RULE_END_IS_FINAL] = "an end is final",
		[RULE_RESERVED_ONCE] = "goods are reserved once, then sold or released once",
		[RULE_EFFECT_ONCE] = "a message takes effect once",
		[RULE_ONE_ANSWER] = "a message has one answer, under one id",
		[RULE_DECIDED_ON_CURRENT_ROWS] = "decisions are made on the current rows",
		[RULE_NO_DEAD_LETTER] = "no event becomes a dead letter",
		[RULE_END_REACHABLE] = "every state can reach an end",
	};

	return texts[rule];
}

/* ---- what the rules look at ---- */

/* Orders and their reservations have one id. */
struct order_pair {
	struct uuid id;
	const struct order *order;
	const struct reservation *reservation;
	bool verified, accepted, end_processed;
};

enum { PAIRS_MAX = 2 * ORDERS_MAX };

struct observation {
	const struct product *product;
	struct order_pair batches_of_two[PAIRS_MAX];
	unsigned count;
	unsigned deadlines, loaded, waiting; /* waiting: in queues and outboxes */
};

static struct order_pair *pair_of(struct observation *observation, const struct uuid *id)
{
	for (unsigned i = 0; i < observation->count; i++)
		if (uuid_equal(&observation->batches_of_two[i].id, id))
			return &observation->batches_of_two[i];
	observation->batches_of_two[observation->count] = (struct order_pair){.id = *id};
	return &observation->batches_of_two[observation->count++];
}

static void observe_row(const struct model *model, struct fact fact, struct observation *observation)
{
	const struct aggregate_value aggregate = aggregate_of(model, fact.a);
	const void *data = row_data(model, fact.b);

	if (aggregate.kind == &product_kind)
		observation->product = data;
	else if (aggregate.kind == &order_kind)
		pair_of(observation, &aggregate.id)->order = data;
	else if (aggregate.kind == &reservation_kind)
		pair_of(observation, &aggregate.id)->reservation = data;
}

static void observe(const struct model *model, const struct bag *state, struct observation *ret_observation)
{
	*ret_observation = (struct observation){0};
	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind == FACT_ROW) {
			observe_row(model, fact, ret_observation);
		} else if (fact.kind == FACT_VERIFIED) {
			const struct uuid id = id_origin(model, fact.a).id;
			pair_of(ret_observation, &id)->verified = true;
		} else if (fact.kind == FACT_END_PROCESSED) {
			const struct uuid id = id_origin(model, fact.a).id;
			pair_of(ret_observation, &id)->end_processed = true;
		} else if (fact.kind == FACT_ACCEPTED) {
			const struct uuid id = aggregate_of(model, fact.a).id;
			pair_of(ret_observation, &id)->accepted = true;
		}
		ret_observation->deadlines += fact.kind == FACT_DEADLINE;
		ret_observation->loaded += fact.kind == FACT_LOADED;
		ret_observation->waiting += fact.kind == FACT_QUEUE || fact.kind == FACT_OUTBOX;
	}
}

static bool confirmed(const struct order_pair *order_pair)
{
	return order_pair->order != NULL && order_pair->order->state == CONFIRMED;
}

static bool reserved_as(const struct order_pair *order_pair, enum reservation_state state)
{
	return order_pair->reservation != NULL && order_pair->reservation->state == state;
}

/* ---- stock ---- */

static bool stock_out_of_bounds(const struct observation *observation)
{
	return observation->product != NULL &&
	       (observation->product->reserved < 0 || observation->product->on_hand < 0 ||
		observation->product->reserved > observation->product->on_hand);
}

/* The piece of a confirmed order is sold once it is not reserved, also after the reservation was deleted. */
static bool stock_not_conserved(const struct model *model, const struct observation *observation)
{
	int64_t held = 0, sold = 0;

	for (unsigned i = 0; i < observation->count; i++) {
		held += reserved_as(&observation->batches_of_two[i], RESERVATION_HELD);
		sold += confirmed(&observation->batches_of_two[i]) &&
			!reserved_as(&observation->batches_of_two[i], RESERVATION_HELD);
	}
	return observation->product != NULL && (observation->product->on_hand != model->scenario->stock - sold ||
						observation->product->reserved != held);
}

/* ---- orders ---- */

static bool confirmed_alone(const struct order_pair *order_pair, enum phase phase)
{
	const bool has_goods = reserved_as(order_pair, RESERVATION_HELD) || reserved_as(order_pair, RESERVATION_SOLD) ||
			       (phase == PHASE_LATER && order_pair->reservation == NULL);

	return confirmed(order_pair) && !(order_pair->verified && has_goods);
}

static bool ends_disagree(const struct order_pair *order_pair, enum phase phase)
{
	const bool sold =
		reserved_as(order_pair, RESERVATION_SOLD) || (phase == PHASE_LATER && order_pair->reservation == NULL);

	return reserved_as(order_pair, RESERVATION_HELD) || (confirmed(order_pair) && !sold);
}

static bool is_open(const struct order_pair *order_pair)
{
	return (order_pair->order != NULL && !saga_ended(order_pair->order->state)) ||
	       reserved_as(order_pair, RESERVATION_HELD);
}

static bool any_open(const struct observation *observation)
{
	for (unsigned i = 0; i < observation->count; i++)
		if (is_open(&observation->batches_of_two[i]))
			return true;
	return false;
}

static bool quiet(const struct observation *observation)
{
	return observation->loaded == 0 && observation->waiting == 0;
}

static unsigned orders_there(const struct observation *observation)
{
	unsigned count = 0;

	for (unsigned i = 0; i < observation->count; i++)
		count += observation->batches_of_two[i].order != NULL;
	return count;
}

bool state_settled(struct model *model, const struct bag *state)
{
	struct observation observation;

	observe(model, state, &observation);
	return quiet(&observation) && observation.deadlines == 0 && !any_open(&observation);
}

/* ---- the rules ---- */

static bool pair_breaks(enum rule rule, const struct observation *observation, const struct order_pair *order_pair,
			enum phase phase)
{
	switch (rule) {
	case RULE_CONFIRMED_BY_BOTH:
		return confirmed_alone(order_pair, phase);
	case RULE_SOLD_ONCE_CONFIRMED:
		return reserved_as(order_pair, RESERVATION_SOLD) && !confirmed(order_pair);
	case RULE_ACCEPTED_ORDER_EXISTS:
		return order_pair->accepted && order_pair->order == NULL;
	case RULE_END_IS_PROCESSED:
		return order_pair->end_processed && reserved_as(order_pair, RESERVATION_HELD);
	case RULE_ENDS_CONSISTENT:
		return quiet(observation) && observation->deadlines == 0 && ends_disagree(order_pair, phase);
	default:
		return false;
	}
}

static bool breaks(enum rule rule, const struct model *model, const struct bag *state,
		   const struct observation *observation)
{
	const enum phase phase = bag_phase(model, state);

	switch (rule) {
	case RULE_STOCK_IN_BOUNDS:
		return stock_out_of_bounds(observation);
	case RULE_STOCK_CONSERVED:
		return stock_not_conserved(model, observation);
	case RULE_ONE_KEY_ONE_ORDER:
		return orders_there(observation) > (unsigned)model->scenario->orders;
	case RULE_NOTHING_LOST: /* unless an event was dead-lettered */
		return phase == PHASE_OPEN && quiet(observation) && any_open(observation) &&
		       bag_count(model, state, FACT_DEAD_LETTER) == (unsigned)model->scenario->dead_letters;
	case RULE_NOTHING_STUCK:
		return quiet(observation) && observation->deadlines == 0 && any_open(observation);
	default:
		for (unsigned i = 0; i < observation->count; i++)
			if (pair_breaks(rule, observation, &observation->batches_of_two[i], phase))
				return true;
		return false;
	}
}

enum rule rules_of_state(struct model *model, const struct bag *state, enum rule watched)
{
	struct observation observation;

	observe(model, state, &observation);
	for (enum rule rule = RULE_ALL + 1; rule < RULE_END_IS_FINAL; rule++)
		if ((watched == RULE_ALL || watched == rule) && breaks(rule, model, state, &observation))
			return rule;
	return RULE_ALL;
}
