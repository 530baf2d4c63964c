/* The statements of a save: compare runtime/store/stores.c, inbox.c, outbox.c, deadlines.c. */
#include "tests/model/save.h"

#include "proto/messages.h"
#include "tests/model/letters.h"

/* ---- rows ---- */

/* Was one of the turn's requests answered before? Its row collides with the earlier one; if it would get none, a look
 * finds that. */
static bool meets_itself(struct model *model, const struct bag *state, const struct turn *turn)
{
	if (model_twisted(model, TWIST_NO_COMMAND_INBOX) || model_twisted(model, TWIST_NO_COLLISION))
		return false;
	for (unsigned i = 0; i < turn->count; i++)
		if (delivery_of(model, turn->deliveries[i]).request &&
		    bag_has(model, state, save_claim(model, turn, i)))
			return true;
	return false;
}

bool save_fits(struct model *model, const struct bag *state, const struct turn *turn)
{
	if (meets_itself(model, state, turn))
		return false;
	if (model_twisted(model, TWIST_NO_ROW_COUNT))
		return true;
	for (unsigned i = 0; i < turn->write_count; i++)
		if (!turn->writes[i].found && bag_row(model, state, turn->writes[i].aggregate) != 0)
			return false;
	return true;
}

bool save_takes_effect(const struct model *model, const struct bag *state, const struct turn *turn, unsigned write)
{
	return turn->writes[write].found || bag_row(model, state, turn->writes[write].aggregate) == 0;
}

static bool is_recorded(const struct model *model, const struct turn *turn, unsigned item)
{
	const int http = status_rule(turn->status[item])->http;

	if (!delivery_of(model, turn->deliveries[item]).request)
		return true;
	return turn->status[item] == OK || (http >= 400 && http < 500 && http != 401);
}

struct fact save_claim(const struct model *model, const struct turn *turn, unsigned item)
{
	return (struct fact){
		.kind = FACT_CLAIM, .side = turn->side, .a = delivery_of(model, turn->deliveries[item]).id};
}

/* A ghost, for the rules: products has heard how an order ended, other than confirmed. */
static void hear_end(struct model *model, struct bag *state, struct delivery delivery)
{
	const bool tells_end =
		delivery.type == ORDER_REJECTED || delivery.type == ORDER_EXPIRED || delivery.type == ORDER_CANCELLED;

	if (tells_end)
		bag_set(model, state,
			(struct fact){.kind = FACT_END_HEARD, .a = letter_of(model, delivery.letter).subject});
}

number_t save_effect(const struct turn *turn, unsigned item)
{
	if (turn->spoke[item] != 0)
		return turn->spoke[item];
	return turn->changed[item] ? EFFECT_SILENT : EFFECT_NONE;
}

/* What aggregates remember may be claimed or not, by the try that it was: what was heard stands for both. */
static void note_heard(struct model *model, struct bag *state, const struct turn *turn, unsigned item)
{
	const number_t before = turn_heard(model, state, turn->deliveries[item]);
	const struct fact heard = {.kind = FACT_HEARD,
				   .side = turn->side,
				   .a = delivery_of(model, turn->deliveries[item]).id,
				   .b = save_effect(turn, item)};

	if (before != 0 && fact_of(model, before).b != EFFECT_NONE)
		return;
	if (before != 0)
		bag_drop(state, before);
	bag_add(model, state, heard);
}

static void note_handled(struct model *model, struct bag *state, const struct turn *turn, unsigned item)
{
	const bool remembered = delivery_of(model, turn->deliveries[item]).remembered;

	if (remembered && status_rule(turn->status[item])->settle == SETTLE_ACK)
		note_heard(model, state, turn, item);
	else if (is_recorded(model, turn, item))
		bag_set(model, state, save_claim(model, turn, item));
}

void save_rows(struct model *model, struct bag *state, const struct turn *turn)
{
	for (unsigned i = 0; i < turn->write_count; i++)
		if (save_takes_effect(model, state, turn, i))
			bag_set_row(model, state, turn->writes[i].aggregate, turn->writes[i].row);
	for (unsigned i = 0; i < turn->count; i++) {
		note_handled(model, state, turn, i);
		hear_end(model, state, delivery_of(model, turn->deliveries[i]));
	}
}

void save_outbox(struct model *model, struct bag *state, const struct turn *turn)
{
	for (unsigned i = 0; i < turn->said_count; i++) {
		const struct fact row = {.kind = FACT_OUTBOX, .side = turn->side, .a = turn->said[i]};

		/* What nobody is bound to makes no difference to anybody. */
		if (letter_of(model, turn->said[i]).heard_by != 0)
			bag_set(model, state, row);
	}
}

/* Set in the commit, although for a second the row is the turn's and not the deadline's own. Whoever is due is found in
 * either, and what is settled meanwhile is passed over or has its row deleted (runtime/store/deadline_promotion.c says
 * why): that is as if the settling turn had cleared it. */
void save_deadlines(struct model *model, struct bag *state, const struct turn *turn)
{
	for (unsigned i = 0; i < turn->deadline_count; i++) {
		const struct fact row = {.kind = FACT_DEADLINE,
					 .side = turn->side,
					 .a = turn->deadlines[i].type,
					 .b = turn->deadlines[i].subject};

		if (turn->deadlines[i].set)
			bag_set(model, state, row);
		else
			bag_clear(model, state, row);
	}
}
