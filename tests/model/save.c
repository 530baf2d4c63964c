/* The statements of a save (compare runtime/stores.c, inbox.c, outbox.c, deadlines.c), and what they must never do. */
#include "save.h"

#include <assert.h>

#include "aggregates.h"
#include "decisions.h"
#include "letters.h"
#include "messages.h"
#include "order.h"
#include "rows.h"

/* ---- rows ---- */

bool save_fits(const struct model *model, const struct bag *state, const struct turn *turn)
{
	if (model_twisted(model, TWIST_NO_ROW_COUNT))
		return true;
	for (unsigned i = 0; i < turn->write_count; i++)
		if (!turn->writes[i].found && bag_row(model, state, turn->writes[i].aggregate) != 0)
			return false;
	return true;
}

/* INSERT ... ON CONFLICT DO NOTHING for what was not found, ON CONFLICT DO UPDATE for what was. */
static bool takes_effect(const struct model *model, const struct bag *state, const struct turn *turn, unsigned write)
{
	return turn->writes[write].found || bag_row(model, state, turn->writes[write].aggregate) == 0;
}

static bool is_remembered(const struct model *model, const struct turn *turn, unsigned item)
{
	const struct letter letter = letter_of(model, delivery_of(model, turn->deliveries[item]).letter);
	const int http = status_rule(turn->status[item])->http;

	if (comanda_contract.types[letter.message.type].kind != REQUEST)
		return true;
	return turn->status[item] == OK || (http >= 400 && http < 500 && http != 401);
}

static struct fact claim_of(const struct model *model, const struct turn *turn, unsigned item)
{
	return (struct fact){.kind = FACT_CLAIM,
			     .side = turn->side,
			     .a = letter_of(model, delivery_of(model, turn->deliveries[item]).letter).id};
}

void save_rows(struct model *model, struct bag *state, const struct turn *turn)
{
	for (unsigned i = 0; i < turn->write_count; i++)
		if (takes_effect(model, state, turn, i))
			bag_set_row(model, state, turn->writes[i].aggregate, turn->writes[i].row);
	for (unsigned i = 0; i < turn->count; i++) {
		const struct fact claim = claim_of(model, turn, i);

		if (is_remembered(model, turn, i) && !bag_has(model, state, claim))
			bag_add(model, state, claim);
	}
}

void save_outbox(struct model *model, struct bag *state, const struct turn *turn)
{
	for (unsigned i = 0; i < turn->said_count; i++) {
		const struct fact row = {.kind = FACT_OUTBOX, .side = turn->side, .a = turn->said[i]};

		if (!bag_has(model, state, row))
			bag_add(model, state, row);
	}
}

void save_deadlines(struct model *model, struct bag *state, const struct turn *turn)
{
	for (unsigned i = 0; i < turn->deadline_count; i++) {
		const struct fact row = {.kind = FACT_DEADLINE,
					 .side = turn->side,
					 .a = turn->deadlines[i].type,
					 .b = turn->deadlines[i].subject};
		const bool is_set = bag_has(model, state, row);

		if (turn->deadlines[i].set && !is_set)
			bag_add(model, state, row);
		for (unsigned f = 0; !turn->deadlines[i].set && is_set && f < state->count; f++) {
			const struct fact fact = fact_of(model, state->facts[f]);

			if (fact.kind == row.kind && fact.side == row.side && fact.a == row.a && fact.b == row.b) {
				bag_drop(state, state->facts[f]);
				break;
			}
		}
	}
}

/* ---- rules ---- */

static enum rule order_change(const struct order *before, const struct order *after)
{
	const bool same = before->state == after->state && before->version == after->version;

	return saga_ended(before->state) && !same ? RULE_END_IS_FINAL : RULE_ALL;
}

/* Held once, and then sold or let go, once. */
static enum rule reservation_change(const struct reservation *before, const struct reservation *after)
{
	if (before == NULL)
		return after->state == RESERVATION_SOLD ? RULE_HELD_ONCE : RULE_ALL;
	if (before->state == RESERVATION_HELD)
		return after->state == RESERVATION_SOLD || after->state == RESERVATION_RELEASED ? RULE_ALL
												 : RULE_HELD_ONCE;
	return RULE_HELD_ONCE;
}

static enum rule change_breaks(const struct model *model, const struct bag *state, const struct turn *turn,
			       unsigned write)
{
	const struct aggregate *kind = aggregate_of(model, turn->writes[write].aggregate).kind;
	const void *before = row_data(model, bag_row(model, state, turn->writes[write].aggregate));
	const void *after = row_data(model, turn->writes[write].row);

	if (kind == &order_kind && before != NULL)
		return order_change(before, after);
	return kind == &reservation_kind ? reservation_change(before, after) : RULE_ALL;
}

/* An event that its consumer cannot make sense of would wait for a person among the dead letters. After a month, when
 * what it is about may have been forgotten, that is where it belongs. */
static bool puts_aside(struct model *model, const struct bag *state, const struct turn *turn, unsigned item)
{
	const struct letter letter = letter_of(model, delivery_of(model, turn->deliveries[item]).letter);

	return comanda_contract.types[letter.message.type].kind != REQUEST &&
	       status_rule(turn->status[item])->settle != SETTLE_ACK && bag_phase(model, state) != PHASE_LATER;
}

static enum rule item_breaks(struct model *model, const struct bag *state, const struct turn *turn, unsigned item)
{
	if (puts_aside(model, state, turn, item))
		return RULE_NOTHING_PUT_ASIDE;
	if (turn->status[item] == OK && bag_has(model, state, claim_of(model, turn, item)))
		return RULE_DONE_ONCE;
	return RULE_ALL;
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

enum rule save_breaks(struct model *model, const struct bag *state, const struct turn *turn)
{
	const enum rule watched = model->mutation->caught_by;
	enum rule broken = RULE_ALL;

	for (unsigned i = 0; i < turn->write_count && broken == RULE_ALL; i++)
		if (takes_effect(model, state, turn, i))
			broken = change_breaks(model, state, turn, i);
	for (unsigned i = 0; i < turn->count && (broken == RULE_ALL || broken != watched); i++) {
		const enum rule of_item = item_breaks(model, state, turn, i);

		broken = of_item != RULE_ALL ? of_item : broken;
	}
	if (is_outdated(model, state, turn) && (broken == RULE_ALL || watched == RULE_DECIDED_ON_WHAT_IS))
		broken = RULE_DECIDED_ON_WHAT_IS;
	return broken;
}
