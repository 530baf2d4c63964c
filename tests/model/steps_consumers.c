/* Batches: a consumer takes one or two messages, loads, decides, saves, commits, publishes and acknowledges. If all its
 * rows exist, a batch is one step: it holds their locks from load to commit, so that other batches cannot interfere.
 * Load and save are two steps if a row is missing, or if a request can be sent twice, because no lock protects it. */
#include "tests/model/steps.h"

#include "proto/messages.h"

static bool shares_id(const struct model *model, const struct batch *batch, number_t delivery)
{
	const number_t id = delivery_of(model, delivery).id;

	for (unsigned i = 0; i < batch->count; i++)
		if (delivery_of(model, batch->deliveries[i]).id == id)
			return true;
	return false;
}

/* Existing rows are locked at the load; missing rows cannot be. */
static bool has_locked(const struct batch *batch, const struct delivery *delivery)
{
	for (unsigned i = 0; i < batch->seen_count; i++)
		for (unsigned named = 0; named < delivery->named_count; named++)
			if (batch->seen[i].row != 0 && batch->seen[i].aggregate == delivery->named[named])
				return true;
	return false;
}

/* Must the message wait for a consumer, for another batch with the same event, or for a locked row? */
static bool must_wait(const struct model *model, const struct bag *state, number_t wanted)
{
	const struct delivery delivery = delivery_of(model, wanted);
	int busy = 0;

	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind != FACT_LOADED || fact.service != delivery.service)
			continue;
		const struct batch batch = batch_of(model, fact.a);
		busy++;
		if (!delivery.idempotent && !delivery.request && shares_id(model, &batch, wanted))
			return true;
		if (!model_mutated(model, MUTATE_NO_LOCKS) && has_locked(&batch, &delivery))
			return true;
	}
	return busy >= model->scenario->consumers;
}

static bool in_two_steps(const struct model *model, const struct batch *batch)
{
	if (!service_of(batch->service)->transactional)
		return false;
	if (model_mutated(model, MUTATE_NO_LOCKS))
		return batch->seen_count > 0;
	if (model->scenario->consumers < 2)
		return false;
	if (delivery_of(model, batch->deliveries[0]).request)
		return model->scenario->repeats && !batch->dedup;
	for (unsigned i = 0; i < batch->seen_count; i++)
		if (batch->seen[i].row == 0)
			return true;
	return false;
}

bool steps_is_known(struct model *model, const struct bag *state, number_t delivery)
{
	const struct delivery wanted = delivery_of(model, delivery);
	const struct fact drop_duplicates = {.kind = FACT_INBOX, .service = wanted.service, .a = wanted.id};

	if (model_mutated(model, wanted.request ? MUTATE_NO_COMMAND_INBOX : MUTATE_NO_EVENT_INBOX))
		return false;
	return bag_has(model, state, drop_duplicates);
}

/* Does this try drop the message as a duplicate? The first try does not check events of idempotent aggregates and
 * requests. A later try does, and finds events that another later try recorded. Otherwise it decides like the first
 * try, which is another step. */
static bool is_dropped(struct model *model, const struct bag *state, number_t delivery, unsigned mode)
{
	const struct delivery wanted = delivery_of(model, delivery);

	if (!wanted.idempotent && !wanted.request)
		return steps_is_known(model, state, delivery);
	return (mode & MODE_DEDUP) != 0 &&
	       (batch_processed(model, state, delivery) != 0 || steps_is_known(model, state, delivery));
}

/* Drops messages that are in the inbox, and second copies in the batch. */
static unsigned drop_duplicates(struct model *model, const struct bag *state, const struct taken *taken, unsigned mode,
				number_t *ret_fresh)
{
	struct batch remaining = {0};

	for (unsigned i = 0; i < taken->count; i++) {
		const number_t delivery = taken->deliveries[i];

		if (is_dropped(model, state, delivery, mode) ||
		    (shares_id(model, &remaining, delivery) && !model_mutated(model, MUTATE_NO_DUPLICATE_IN_BATCH)))
			continue;
		remaining.deliveries[remaining.count] = ret_fresh[remaining.count] = delivery;
		remaining.count++;
	}
	return remaining.count;
}

/* Only a batch that checks for duplicates writes a dead letter. */
static bool must_dedup(const struct model *model, const struct batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++)
		if (batch_skips_dedup(model, batch, i) && status_rule(batch->status[i])->settle != SETTLE_ACK)
			return true;
	return false;
}

static void decide(struct search *search, const struct bag *rest, const struct taken *taken, unsigned mode)
{
	struct model *model = &search->model;
	number_t fresh[BATCH_ITEMS_MAX];

	const unsigned count = drop_duplicates(model, rest, taken, mode, fresh);
	if (count == 0) {
		struct bag state = *rest;

		search_reach(search, &state, (struct step){STEP_DUPLICATE, OUTCOME_DONE, taken->deliveries[0]});
		return;
	}
	const number_t number = batch_number(model, rest, fresh, count, mode);
	const struct batch batch = batch_of(model, number);
	if (must_dedup(model, &batch)) {
		decide(search, rest, taken, mode | MODE_DEDUP);
		return;
	}
	if (in_two_steps(model, &batch)) {
		struct bag state = *rest;

		bag_add(model, &state, (struct fact){.kind = FACT_LOADED, .service = batch.service, .a = number});
		search_reach(search, &state, (struct step){STEP_LOAD, OUTCOME_DONE, number});
	} else if (service_of(batch.service)->transactional) {
		finish_batch(search, rest, &batch, taken, (struct step){STEP_BATCH, OUTCOME_DONE, number});
	} else {
		finish_stateless(search, rest, &batch, taken, (struct step){STEP_BATCH, OUTCOME_DONE, number});
	}
}

/* A batch may be retried for any reason. Would the retry drop a message that the first try decides? */
static bool drops_more(struct model *model, const struct bag *state, const struct taken *taken)
{
	for (unsigned i = 0; i < taken->count; i++)
		if (is_dropped(model, state, taken->deliveries[i], MODE_DEDUP) &&
		    !is_dropped(model, state, taken->deliveries[i], MODE_FIRST))
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
	decide(search, &rest, &taken, MODE_FIRST);
	if (drops_more(model, &rest, &taken))
		decide(search, &rest, &taken, MODE_DEDUP);
	if (model_mutated(model, MUTATE_FRESH_IDS))
		decide(search, &rest, &taken, MODE_OTHER_IDS);
}

/* ---- what there is to take ---- */

/* An order can be cancelled only once it exists: before, the client does not know its id. */
static bool may_take(const struct model *model, const struct bag *state, struct fact fact)
{
	if (fact.kind != FACT_QUEUE && fact.kind != FACT_POSSIBLE_REQUEST)
		return false;
	const struct delivery delivery = delivery_of(model, fact.a);
	return delivery.type != ORDERS_CANCEL || bag_row(model, state, delivery.named[0]) != 0;
}

/* Two events that one batch of a consumer may take. */
static bool go_together(const struct model *model, struct fact first, struct fact second)
{
	return first.kind == FACT_QUEUE && second.kind == FACT_QUEUE && first.service == second.service &&
	       delivery_of(model, first.a).request == delivery_of(model, second.a).request;
}

static void take_two(struct search *search, const struct bag *state, unsigned first)
{
	for (unsigned second = 0; second < state->count; second++) {
		const number_t facts[] = {state->facts[first], state->facts[second]};

		if (second == first || !may_take(&search->model, state, fact_of(&search->model, facts[1])) ||
		    !go_together(&search->model, fact_of(&search->model, facts[0]), fact_of(&search->model, facts[1])))
			continue;
		take(search, state, facts, 2);
	}
}

static void save_loaded(struct search *search, const struct bag *state, number_t fact)
{
	const number_t number = fact_of(&search->model, fact).a;
	const struct batch batch = batch_of(&search->model, number);
	struct taken taken = {.count = batch.count};
	struct bag rest = *state;

	for (unsigned i = 0; i < batch.count; i++)
		taken.deliveries[i] = batch.deliveries[i];
	bag_drop(&rest, fact);
	finish_batch(search, &rest, &batch, &taken, (struct step){STEP_SAVE, OUTCOME_DONE, number});
}

void steps_of_consumers(struct search *search, const struct bag *state)
{
	for (unsigned i = 0; i < state->count; i = bag_next(state, i + 1)) {
		const struct fact fact = fact_of(&search->model, state->facts[i]);

		if (fact.kind == FACT_LOADED)
			save_loaded(search, state, state->facts[i]);
		if (!may_take(&search->model, state, fact))
			continue;
		take(search, state, &state->facts[i], 1);
		if (search->model.scenario->batches_of_two)
			take_two(search, state, i);
	}
}
