/* The canonical form of a state: without inbox rows that nothing can ask for any more. An id arrives only in a letter that
 * is under way, or in one that is made (again, under the same id) out of such a letter. */
#include "canonical.h"

#include <string.h>

#include "letters.h"
#include "turns.h"

enum { UNDER_WAY_MAX = BAG_MAX };

struct under_way {
	unsigned count;
	number_t ids[UNDER_WAY_MAX];
};

static void add_delivery(const struct model *model, struct under_way *under_way, number_t delivery)
{
	under_way->ids[under_way->count++] = letter_of(model, delivery_of(model, delivery).letter).id;
}

static void find_under_way(const struct model *model, const struct bag *state, struct under_way *ret_under_way)
{
	ret_under_way->count = 0;
	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind == FACT_OUTBOX)
			ret_under_way->ids[ret_under_way->count++] = letter_of(model, fact.a).id;
		else if (fact.kind == FACT_QUEUE || fact.kind == FACT_WISH)
			add_delivery(model, ret_under_way, fact.a);
		else if (fact.kind == FACT_HAND)
			for (unsigned item = 0; item < turn_of(model, fact.a).count; item++)
				add_delivery(model, ret_under_way, turn_of(model, fact.a).deliveries[item]);
	}
}

static bool may_arrive(const struct model *model, const struct under_way *under_way, number_t id)
{
	for (unsigned i = 0; i < under_way->count; i++)
		if (id_descends(model, id, under_way->ids[i]))
			return true;
	return false;
}

/* The note that an id came of; 0: none. */
static number_t note_behind(const struct model *model, number_t id)
{
	while (id != 0 && id_origin(model, id).note_subject == 0)
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

unsigned state_notes(const struct model *model, const struct bag *state, number_t type, number_t subject)
{
	struct under_way under_way;
	unsigned count = 0;

	find_under_way(model, state, &under_way);
	for (unsigned i = 0; i < under_way.count; i++) {
		const number_t note = note_behind(model, under_way.ids[i]);

		if (note == 0 || seen_before(under_way.ids, count, note))
			continue;
		const struct id_origin origin = id_origin(model, note);
		if (origin.note_type == type && origin.note_subject == subject)
			under_way.ids[count++] = note; /* what was there has been looked at */
	}
	return count;
}

bool state_knows_id(const struct model *model, const struct bag *state, number_t id)
{
	struct under_way known;

	find_under_way(model, state, &known);
	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind == FACT_CLAIM && id_descends(model, fact.a, id))
			return true;
	}
	for (unsigned i = 0; i < known.count; i++)
		if (id_descends(model, known.ids[i], id))
			return true;
	return false;
}

/* Copies of what their consumer has handled: see world.h. */
static void drop_known_copies(struct model *model, struct bag *state)
{
	struct bag kept = {0};

	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind == FACT_QUEUE) {
			const number_t id = letter_of(model, delivery_of(model, fact.a).letter).id;

			if (bag_has(model, state, (struct fact){.kind = FACT_CLAIM, .side = fact.side, .a = id}))
				continue;
		}
		kept.facts[kept.count++] = state->facts[i];
	}
	*state = kept;
}

void canonical(struct model *model, struct bag *state)
{
	struct under_way under_way;
	unsigned kept = 0;

	if (model->world->reduced && !model_twisted(model, TWIST_NO_EVENT_INBOX))
		drop_known_copies(model, state);
	find_under_way(model, state, &under_way);
	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind != FACT_CLAIM || may_arrive(model, &under_way, fact.a))
			state->facts[kept++] = state->facts[i];
	}
	state->count = kept;
}
