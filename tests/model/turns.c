/* Turns: load, decide, collect, with the unit of work that the runtime uses (compare runtime/consumer/process_batch.c).
 */
#include "tests/model/turns.h"

#include <assert.h>
#include <string.h>

#include "orders/usecases/decisions.h"
#include "proto/messages.h"
#include "tests/model/letters.h"
#include "tests/model/rows.h"
#include "users/domain/users.h"

struct turn turn_of(const struct model *model, number_t turn)
{
	return *(const struct turn *)table_value(&model->turns, turn);
}

bool turn_leaves(const struct model *model, const struct turn *turn, unsigned item)
{
	return !turn->claims && delivery_of(model, turn->deliveries[item]).remembered;
}

/* ---- loading ---- */

static void see(struct model *model, const struct bag *state, struct turn *turn, number_t aggregate)
{
	for (unsigned i = 0; i < turn->seen_count; i++)
		if (turn->seen[i].aggregate == aggregate)
			return;
	assert(turn->seen_count < TURN_ROWS_MAX);
	turn->seen[turn->seen_count].aggregate = aggregate;
	turn->seen[turn->seen_count++].row = bag_row(model, state, aggregate);
}

number_t turn_heard(const struct model *model, const struct bag *state, number_t delivery)
{
	const struct delivery wanted = delivery_of(model, delivery);

	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind == FACT_HEARD && fact.side == wanted.side && fact.a == wanted.id)
			return state->facts[i];
	}
	return 0;
}

static struct turn turn_begun(struct model *model, const struct bag *state, const number_t *deliveries, unsigned count)
{
	struct turn turn = {.side = delivery_of(model, deliveries[0]).side, .count = (uint8_t)count};

	for (unsigned i = 0; i < count; i++) {
		const struct delivery delivery = delivery_of(model, deliveries[i]);

		turn.deliveries[i] = deliveries[i];
		turn.heard[i] = turn_heard(model, state, deliveries[i]);
		for (unsigned named = 0; named < delivery.named_count; named++)
			see(model, state, &turn, delivery.named[named]);
	}
	return turn;
}

static void load(struct model *model, const struct turn *turn, struct unit *unit)
{
	for (unsigned i = 0; i < turn->seen_count; i++) {
		const struct aggregate_value aggregate = aggregate_of(model, turn->seen[i].aggregate);

		keys_add(unit_keys(unit), aggregate.kind, &aggregate.id);
		if (turn->seen[i].row != 0)
			unit_put(unit, aggregate.kind, &aggregate.id,
				 arena_copy(&model->scratch, row_data(model, turn->seen[i].row), aggregate.kind->size));
	}
}

/* ---- collecting ---- */

static void collect_writes(struct model *model, struct turn *turn, struct unit *unit)
{
	for (const struct aggregate *const *kind = side_of(turn->side)->kinds; *kind != NULL; kind++) {
		struct entry **entries;
		const size_t count = unit_changed(unit, *kind, &entries);

		for (size_t i = 0; i < count; i++) {
			assert(turn->write_count < TURN_ROWS_MAX);
			turn->writes[turn->write_count].aggregate = aggregate_number(model, *kind, &entries[i]->id);
			turn->writes[turn->write_count].row = row_number(model, *kind, entries[i]->data);
			turn->writes[turn->write_count++].found = entries[i]->found;
		}
	}
}

static void collect_said(struct model *model, struct turn *turn, struct unit *unit)
{
	const struct output *outputs;
	const size_t count = unit_outputs(unit, &outputs);
	unsigned index = 0;

	assert(count <= TURN_SAID_MAX);
	for (size_t i = 0; i < count; i++) {
		index = i > 0 && outputs[i].item == outputs[i - 1].item ? index + 1 : 0;
		turn->said[turn->said_count] =
			letter_event(model, turn->side, &outputs[i],
				     delivery_of(model, turn->deliveries[outputs[i].item]).letter, index);
		assert(index == 0 && "a decision says one thing at most");
		turn->spoke[outputs[i].item] = turn->said[turn->said_count++];
	}
}

static void collect_deadlines(struct model *model, struct turn *turn, struct unit *unit)
{
	const struct deadline *deadlines;
	const size_t count = unit_deadlines(unit, &deadlines);

	assert(count <= TURN_SAID_MAX);
	for (size_t i = 0; i < count; i++) {
		turn->deadlines[i].type = number_of((size_t)deadlines[i].type);
		turn->deadlines[i].subject = id_number(model, &deadlines[i].subject);
		turn->deadlines[i].set = deadlines[i].due_us != INT64_MIN;
	}
	turn->deadline_count = (uint8_t)count;
}

static const struct user *buyer_seen(const struct model *model, const struct turn *turn, const struct uuid *id)
{
	for (unsigned i = 0; i < turn->seen_count; i++) {
		const struct aggregate_value aggregate = aggregate_of(model, turn->seen[i].aggregate);

		if (aggregate.kind == &buyer_kind && uuid_equal(&aggregate.id, id))
			return row_data(model, turn->seen[i].row);
	}
	return NULL;
}

/* What users may say only of a buyer who is active at that moment. */
static void collect_verified(const struct model *model, struct turn *turn)
{
	for (unsigned i = 0; i < turn->said_count; i++) {
		const struct letter letter = letter_of(model, turn->said[i]);
		const struct user_answer *answer = letter.message.body;

		if (letter.message.type != USER_VERIFIED)
			continue;
		const struct user *buyer = buyer_seen(model, turn, &answer->user_id);
		if (buyer != NULL && buyer->status == USER_ACTIVE)
			turn->verified[turn->verified_count++] = letter.subject;
	}
}

/* ---- deciding ---- */

struct decided_at {
	size_t item;
	int64_t now_us;
};

static enum status decide_one(struct model *model, struct turn *turn, struct unit *unit, struct decided_at at)
{
	const struct delivery delivery = delivery_of(model, turn->deliveries[at.item]);
	/* A copy: the table of letters may grow while its outputs are written. */
	struct message *message = arena_new(&model->scratch, 1, sizeof(*message));

	*message = letter_of(model, delivery.letter).message;
	if (message->deadline_us < at.now_us)
		return E_EXPIRED;
	const struct decision_result decision = unit_decide(unit, delivery.decide, message, at.now_us, at.item);
	if (decision.status == OK && message->type == ORDERS_PLACE)
		turn->told = aggregate_number(model, &order_kind, &((const struct order_view *)decision.reply)->id);
	return decision.status == OK && decision.refusal.status != OK ? decision.refusal.status : decision.status;
}

/* What the decisions have made so far of what was loaded: a row each, and how many deadlines they spoke of. */
struct made {
	number_t rows[TURN_ROWS_MAX];
	size_t new_rows, deadlines;
};

static unsigned place_of(const struct turn *turn, number_t aggregate)
{
	unsigned place = 0;

	while (place < turn->seen_count && turn->seen[place].aggregate != aggregate)
		place++;
	return place;
}

static struct made made_so_far(struct model *model, const struct turn *turn, struct unit *unit)
{
	const struct deadline *deadlines;
	struct made made = {.deadlines = unit_deadlines(unit, &deadlines)};

	for (unsigned i = 0; i < turn->seen_count; i++)
		made.rows[i] = turn->seen[i].row;
	for (const struct aggregate *const *kind = side_of(turn->side)->kinds; *kind != NULL; kind++) {
		struct entry **entries;
		const size_t count = unit_changed(unit, *kind, &entries);

		for (size_t i = 0; i < count; i++) {
			const unsigned place = place_of(turn, aggregate_number(model, *kind, &entries[i]->id));

			if (place == turn->seen_count)
				made.new_rows++;
			else
				made.rows[place] = row_number(model, *kind, entries[i]->data);
		}
	}
	return made;
}

static bool is_more(const struct made *before, const struct made *after)
{
	return memcmp(before->rows, after->rows, sizeof(before->rows)) != 0 || before->new_rows != after->new_rows ||
	       before->deadlines != after->deadlines;
}

static void decide(struct model *model, struct turn *turn, int64_t now_us, bool other_ids)
{
	const char *consumer = side_of(turn->side)->name;
	struct unit *unit =
		unit_make(&model->scratch, other_ids ? arena_format(&model->scratch, "%s again", consumer) : consumer);

	load(model, turn, unit);
	struct made before = made_so_far(model, turn, unit);
	for (unsigned i = 0; i < turn->count; i++) {
		turn->status[i] = decide_one(model, turn, unit, (struct decided_at){i, now_us});
		const struct made after = made_so_far(model, turn, unit);
		turn->changed[i] = is_more(&before, &after);
		before = after;
	}
	collect_writes(model, turn, unit);
	collect_said(model, turn, unit);
	collect_deadlines(model, turn, unit);
	collect_verified(model, turn);
}

number_t turn_number(struct model *model, const struct bag *state, const number_t *deliveries, unsigned count,
		     unsigned manner)
{
	const enum phase phase = bag_phase(model, state);
	struct turn turn = turn_begun(model, state, deliveries, count);
	number_t key[3 + 2 * TURN_ITEMS_MAX + 2 * TURN_ROWS_MAX] = {(number_t)phase, (number_t)manner, turn.seen_count};
	bool is_new;

	turn.claims = (manner & MANNER_CLAIMS) != 0;

	memcpy(&key[3], turn.deliveries, sizeof(turn.deliveries));
	memcpy(&key[3 + TURN_ITEMS_MAX], turn.heard, sizeof(turn.heard));
	memcpy(&key[3 + 2 * TURN_ITEMS_MAX], turn.seen, sizeof(turn.seen));
	const uint32_t number = table_number(&model->turns, key, sizeof(key), &is_new);
	if (is_new) {
		arena_reset(&model->scratch);
		decide(model, &turn, phase_moment(phase), (manner & MANNER_OTHER_IDS) != 0);
		*(struct turn *)table_value(&model->turns, number) = turn;
	}
	return number_of(number);
}
