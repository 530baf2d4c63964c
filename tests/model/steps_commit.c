/* The possible ends of a batch after its decisions: commit, publish, acknowledge, and a crash at each boundary. */
#include "tests/model/save.h"
#include "tests/model/steps.h"

static void put_back(struct model *model, struct bag *state, const struct taken *taken)
{
	for (unsigned i = 0; i < taken->count; i++)
		bag_add(model, state,
			(struct fact){.kind = FACT_QUEUE,
				      .service = delivery_of(model, taken->deliveries[i]).service,
				      .a = taken->deliveries[i]});
}

static void reply_accepted(struct model *model, struct bag *state, const struct batch *batch)
{
	if (batch->accepted != 0)
		bag_set(model, state, (struct fact){.kind = FACT_ACCEPTED, .a = batch->accepted});
}

/* Nothing is saved; the broker redelivers the message. */
static void crash_before_commit(struct search *search, const struct bag *before, const struct batch *batch,
				const struct taken *taken, struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	step.outcome = OUTCOME_CRASH_BEFORE;
	if (!bag_spend(model, &state, FACT_CRASH))
		return;
	if (!model_mutated(model, MUTATE_ACK_BEFORE_COMMIT))
		put_back(model, &state, taken);
	if (model_mutated(model, MUTATE_REPLY_BEFORE_COMMIT))
		reply_accepted(model, &state, batch);
	if (model_mutated(model, MUTATE_PUBLISH_BEFORE_COMMIT))
		publish(search, &state, batch->events, batch->event_count, step);
	else
		search_reach(search, &state, step);
}

/* A lost answer to the commit, a missing publication and a missing acknowledgement have the same result: the rows are
 * saved, the outbox has the events, and the message is redelivered. */
static void crash_after_commit(struct search *search, const struct bag *before, const struct batch *batch,
			       const struct taken *taken, struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	step.outcome = OUTCOME_CRASH_AFTER;
	if (!bag_spend(model, &state, FACT_CRASH))
		return;
	save_rows(model, &state, batch);
	if (!model_mutated(model, MUTATE_OUTBOX_IN_MEMORY))
		save_outbox(model, &state, batch);
	if (!model_mutated(model, MUTATE_DEADLINE_APART))
		save_deadlines(model, &state, batch);
	put_back(model, &state, taken);
	search_reach(search, &state, step);
}

/* The relay publishes in the same step; a crash can happen after it. */
static void publish_at_once(struct search *search, const struct bag *committed, const struct batch *batch,
			    struct step step)
{
	struct model *model = &search->model;
	struct bag state = *committed;

	publish(search, &state, batch->events, batch->event_count, step);
	if (batch->event_count == 0 || !bag_spend(model, &state, FACT_CRASH))
		return;
	save_outbox(model, &state, batch);
	step.outcome = OUTCOME_CRASH_AFTER;
	publish(search, &state, batch->events, batch->event_count, step);
}

static void commit(struct search *search, const struct bag *before, const struct batch *batch, struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	save_rows(model, &state, batch);
	save_deadlines(model, &state, batch);
	reply_accepted(model, &state, batch);
	if (model->scenario->reduced) {
		publish_at_once(search, &state, batch, step);
		return;
	}
	save_outbox(model, &state, batch);
	search_reach(search, &state, step);
}

void finish_batch(struct search *search, const struct bag *before, const struct batch *batch, const struct taken *taken,
		  struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	if (!save_fits(model, before, batch)) {
		step.outcome = OUTCOME_RETRY;
		put_back(model, &state, taken);
		search_reach(search, &state, step);
		return;
	}
	save_check(search, before, batch, step);
	commit(search, before, batch, step);
	crash_before_commit(search, before, batch, taken, step);
	crash_after_commit(search, before, batch, taken, step);
}

void finish_stateless(struct search *search, const struct bag *before, const struct batch *batch,
		      const struct taken *taken, struct step step)
{
	struct model *model = &search->model;
	struct bag state = *before;

	for (unsigned i = 0; i < batch->verified_count; i++)
		bag_set(model, &state, (struct fact){.kind = FACT_VERIFIED, .a = batch->verified[i]});
	publish(search, &state, batch->events, batch->event_count, step);
	if (!bag_spend(model, &state, FACT_CRASH))
		return;
	put_back(model, &state, taken);
	step.outcome = OUTCOME_CRASH_AFTER;
	publish(search, &state, batch->events, batch->event_count, step);
	state = *before;
	bag_spend(model, &state, FACT_CRASH);
	if (!model_mutated(model, MUTATE_ACK_BEFORE_CONFIRM))
		put_back(model, &state, taken);
	step.outcome = OUTCOME_CRASH_BEFORE;
	search_reach(search, &state, step);
}
