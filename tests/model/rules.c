/* The rules for states. What holds at a step is checked where the step is taken (save_check.c, steps_relays.c). */
#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "products/usecases/aggregates.h"
#include "tests/model/letters.h"
#include "tests/model/model.h"
#include "tests/model/rows.h"

const char *rule_text(enum rule rule)
{
	static const char *const texts[RULES] = {
		[RULE_ALL] = "all rules",
		[RULE_STOCK_IN_BOUNDS] = "stock is never negative, and never promised beyond what is there",
		[RULE_STOCK_CONSERVED] = "stock is conserved: on hand = initial - sold, reserved = what is held",
		[RULE_CONFIRMED_BY_BOTH] = "a confirmed order has a verified buyer and its goods",
		[RULE_SOLD_ONCE_CONFIRMED] = "goods are sold to a confirmed order alone",
		[RULE_TOLD_IS_TRUE] = "an order that a client was told of is there",
		[RULE_ONE_KEY_ONE_ORDER] = "one key makes one order",
		[RULE_END_IS_HEARD] = "nothing is held for an order whose end products has heard",
		[RULE_NOTHING_LOST] = "when all is quiet before the deadline, every order has its end",
		[RULE_NOTHING_SLEEPS] = "what is still open has a message or a clock that will wake it",
		[RULE_ENDS_AGREE] = "in the end a confirmed order's goods are sold, and nothing is held for any other",
		[RULE_END_IS_FINAL] = "an end is final",
		[RULE_HELD_ONCE] = "goods are held once, and then sold or let go once",
		[RULE_DONE_ONCE] = "a message has its effect once",
		[RULE_ONE_ANSWER] = "a message has one answer, under one id",
		[RULE_DECIDED_ON_WHAT_IS] = "what is saved was decided on the rows as they are",
		[RULE_NOTHING_PUT_ASIDE] = "no event ends among the dead letters",
		[RULE_END_IN_REACH] = "from every state an end can be reached",
	};

	return texts[rule];
}

/* ---- what the rules look at ---- */

/* Orders and their reservations have one id. */
struct pair {
	struct uuid id;
	const struct order *order;
	const struct reservation *reservation;
	bool verified, told, end_heard;
};

enum { PAIRS_MAX = 2 * ORDERS_MAX };

struct sight {
	const struct product *product;
	struct pair pairs[PAIRS_MAX];
	unsigned count;
	unsigned deadlines, hands, waiting; /* waiting: in queues and outboxes */
};

static struct pair *pair_of(struct sight *sight, const struct uuid *id)
{
	for (unsigned i = 0; i < sight->count; i++)
		if (uuid_equal(&sight->pairs[i].id, id))
			return &sight->pairs[i];
	sight->pairs[sight->count] = (struct pair){.id = *id};
	return &sight->pairs[sight->count++];
}

static void look_at_row(const struct model *model, struct fact fact, struct sight *sight)
{
	const struct aggregate_value aggregate = aggregate_of(model, fact.a);
	const void *data = row_data(model, fact.b);

	if (aggregate.kind == &product_kind)
		sight->product = data;
	else if (aggregate.kind == &order_kind)
		pair_of(sight, &aggregate.id)->order = data;
	else if (aggregate.kind == &reservation_kind)
		pair_of(sight, &aggregate.id)->reservation = data;
}

static void look(const struct model *model, const struct bag *state, struct sight *ret_sight)
{
	*ret_sight = (struct sight){0};
	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind == FACT_ROW) {
			look_at_row(model, fact, ret_sight);
		} else if (fact.kind == FACT_VERIFIED) {
			const struct uuid id = id_origin(model, fact.a).id;
			pair_of(ret_sight, &id)->verified = true;
		} else if (fact.kind == FACT_END_HEARD) {
			const struct uuid id = id_origin(model, fact.a).id;
			pair_of(ret_sight, &id)->end_heard = true;
		} else if (fact.kind == FACT_TOLD) {
			const struct uuid id = aggregate_of(model, fact.a).id;
			pair_of(ret_sight, &id)->told = true;
		}
		ret_sight->deadlines += fact.kind == FACT_DEADLINE;
		ret_sight->hands += fact.kind == FACT_HAND;
		ret_sight->waiting += fact.kind == FACT_QUEUE || fact.kind == FACT_OUTBOX;
	}
}

static bool confirmed(const struct pair *pair)
{
	return pair->order != NULL && pair->order->state == CONFIRMED;
}

static bool reserved_as(const struct pair *pair, enum reservation_state state)
{
	return pair->reservation != NULL && pair->reservation->state == state;
}

/* ---- stock ---- */

static bool stock_out_of_bounds(const struct sight *sight)
{
	return sight->product != NULL && (sight->product->reserved < 0 || sight->product->on_hand < 0 ||
					  sight->product->reserved > sight->product->on_hand);
}

/* A confirmed order's piece is sold as soon as it is no longer held: this holds even when the reservation itself was
 * forgotten. */
static bool stock_not_conserved(const struct model *model, const struct sight *sight)
{
	int64_t held = 0, sold = 0;

	for (unsigned i = 0; i < sight->count; i++) {
		held += reserved_as(&sight->pairs[i], RESERVATION_HELD);
		sold += confirmed(&sight->pairs[i]) && !reserved_as(&sight->pairs[i], RESERVATION_HELD);
	}
	return sight->product != NULL &&
	       (sight->product->on_hand != model->world->stock - sold || sight->product->reserved != held);
}

/* ---- orders ---- */

static bool confirmed_alone(const struct pair *pair, enum phase phase)
{
	const bool has_goods = reserved_as(pair, RESERVATION_HELD) || reserved_as(pair, RESERVATION_SOLD) ||
			       (phase == PHASE_LATER && pair->reservation == NULL);

	return confirmed(pair) && !(pair->verified && has_goods);
}

static bool ends_disagree(const struct pair *pair, enum phase phase)
{
	const bool sold = reserved_as(pair, RESERVATION_SOLD) || (phase == PHASE_LATER && pair->reservation == NULL);

	return reserved_as(pair, RESERVATION_HELD) || (confirmed(pair) && !sold);
}

static bool is_open(const struct pair *pair)
{
	return (pair->order != NULL && !saga_ended(pair->order->state)) || reserved_as(pair, RESERVATION_HELD);
}

static bool any_open(const struct sight *sight)
{
	for (unsigned i = 0; i < sight->count; i++)
		if (is_open(&sight->pairs[i]))
			return true;
	return false;
}

static bool quiet(const struct sight *sight)
{
	return sight->hands == 0 && sight->waiting == 0;
}

static unsigned orders_there(const struct sight *sight)
{
	unsigned count = 0;

	for (unsigned i = 0; i < sight->count; i++)
		count += sight->pairs[i].order != NULL;
	return count;
}

bool state_settled(struct model *model, const struct bag *state)
{
	struct sight sight;

	look(model, state, &sight);
	return quiet(&sight) && sight.deadlines == 0 && !any_open(&sight);
}

/* ---- the rules ---- */

static bool pair_breaks(enum rule rule, const struct sight *sight, const struct pair *pair, enum phase phase)
{
	switch (rule) {
	case RULE_CONFIRMED_BY_BOTH:
		return confirmed_alone(pair, phase);
	case RULE_SOLD_ONCE_CONFIRMED:
		return reserved_as(pair, RESERVATION_SOLD) && !confirmed(pair);
	case RULE_TOLD_IS_TRUE:
		return pair->told && pair->order == NULL;
	case RULE_END_IS_HEARD:
		return pair->end_heard && reserved_as(pair, RESERVATION_HELD);
	case RULE_ENDS_AGREE:
		return quiet(sight) && sight->deadlines == 0 && ends_disagree(pair, phase);
	default:
		return false;
	}
}

static bool breaks(enum rule rule, const struct model *model, const struct bag *state, const struct sight *sight)
{
	const enum phase phase = bag_phase(model, state);

	switch (rule) {
	case RULE_STOCK_IN_BOUNDS:
		return stock_out_of_bounds(sight);
	case RULE_STOCK_CONSERVED:
		return stock_not_conserved(model, sight);
	case RULE_ONE_KEY_ONE_ORDER:
		return orders_there(sight) > (unsigned)model->world->orders;
	case RULE_NOTHING_LOST: /* unless an event was put aside */
		return phase == PHASE_OPEN && quiet(sight) && any_open(sight) &&
		       bag_count(model, state, FACT_DEAD) == (unsigned)model->world->dead;
	case RULE_NOTHING_SLEEPS:
		return quiet(sight) && sight->deadlines == 0 && any_open(sight);
	default:
		for (unsigned i = 0; i < sight->count; i++)
			if (pair_breaks(rule, sight, &sight->pairs[i], phase))
				return true;
		return false;
	}
}

enum rule rules_of_state(struct model *model, const struct bag *state, enum rule watched)
{
	struct sight sight;

	look(model, state, &sight);
	for (enum rule rule = RULE_ALL + 1; rule < RULE_END_IS_FINAL; rule++)
		if ((watched == RULE_ALL || watched == rule) && breaks(rule, model, state, &sight))
			return rule;
	return RULE_ALL;
}
