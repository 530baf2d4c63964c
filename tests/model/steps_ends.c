/* How a turn can end, from the decision on: committed, published, acknowledged, and a crash at each boundary. */
#include "tests/model/save.h"
#include "tests/model/steps.h"

static void put_back(struct model *model, struct bag *state, const struct taken *taken)
{
	for (unsigned i = 0; i < taken->count; i++)
		bag_add(model, state,
			(struct fact){.kind = FACT_QUEUE,
				      .side = delivery_of(model, taken->deliveries[i]).side,
				      .a = taken->deliveries[i]});
}

static void tell_client(struct model *model, struct bag *state, const struct turn *turn)
{
	if (turn->told != 0)
		bag_set(model, state, (struct fact){.kind = FACT_TOLD, .a = turn->told});
}

/* Nothing is saved; the broker gives the message to somebody else. */
static void crash_before_commit(struct search *search, const struct bag *before, const struct turn *turn,
				const struct taken *taken, struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	step.fate = FATE_CRASH_BEFORE;
	if (!bag_spend(model, &state, FACT_CRASH))
		return;
	if (!model_twisted(model, TWIST_ACK_BEFORE_COMMIT))
		put_back(model, &state, taken);
	if (model_twisted(model, TWIST_TELL_BEFORE_COMMIT))
		tell_client(model, &state, turn);
	if (model_twisted(model, TWIST_PUBLISH_BEFORE_COMMIT))
		publish(search, &state, turn->said, turn->said_count, step);
	else
		search_reach(search, &state, step);
}

/* Whether the answer to the commit was lost, or nothing was published, or nothing acknowledged, is one to what remains:
 * the rows are there, the outbox is full, and the message comes again. */
static void crash_after_commit(struct search *search, const struct bag *before, const struct turn *turn,
			       const struct taken *taken, struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	step.fate = FATE_CRASH_AFTER;
	if (!bag_spend(model, &state, FACT_CRASH))
		return;
	save_rows(model, &state, turn);
	if (!model_twisted(model, TWIST_OUTBOX_IN_MEMORY))
		save_outbox(model, &state, turn);
	if (!model_twisted(model, TWIST_DEADLINE_APART))
		save_deadlines(model, &state, turn);
	put_back(model, &state, taken);
	search_reach(search, &state, step);
}

/* The relay publishes in the same step; a crash may hit it after that. */
static void publish_at_once(struct search *search, const struct bag *committed, const struct turn *turn,
			    struct step step)
{
	struct model *model = &search->model;
	struct bag state = *committed;

	publish(search, &state, turn->said, turn->said_count, step);
	if (turn->said_count == 0 || !bag_spend(model, &state, FACT_CRASH))
		return;
	save_outbox(model, &state, turn);
	step.fate = FATE_CRASH_AFTER;
	publish(search, &state, turn->said, turn->said_count, step);
}

static void commit(struct search *search, const struct bag *before, const struct turn *turn, struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	save_rows(model, &state, turn);
	save_deadlines(model, &state, turn);
	tell_client(model, &state, turn);
	if (model->world->reduced) {
		publish_at_once(search, &state, turn, step);
		return;
	}
	save_outbox(model, &state, turn);
	search_reach(search, &state, step);
}

void finish_turn(struct search *search, const struct bag *before, const struct turn *turn, const struct taken *taken,
		 struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	if (!save_fits(model, before, turn)) {
		step.fate = FATE_AGAIN;
		put_back(model, &state, taken);
		search_reach(search, &state, step);
		return;
	}
	save_check(search, before, turn, step);
	commit(search, before, turn, step);
	crash_before_commit(search, before, turn, taken, step);
	crash_after_commit(search, before, turn, taken, step);
}

void finish_answer(struct search *search, const struct bag *before, const struct turn *turn, const struct taken *taken,
		   struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	for (unsigned i = 0; i < turn->verified_count; i++)
		bag_set(model, &state, (struct fact){.kind = FACT_VERIFIED, .a = turn->verified[i]});
	publish(search, &state, turn->said, turn->said_count, step);
	if (!bag_spend(model, &state, FACT_CRASH))
		return;
	put_back(model, &state, taken);
	step.fate = FATE_CRASH_AFTER;
	publish(search, &state, turn->said, turn->said_count, step);
	state = *before;
	bag_spend(model, &state, FACT_CRASH);
	if (!model_twisted(model, TWIST_ACK_BEFORE_CONFIRM))
		put_back(model, &state, taken);
	step.fate = FATE_CRASH_BEFORE;
	search_reach(search, &state, step);
}
