/* Steps without a message: time passes, an account is disabled, an event becomes a dead letter. */
#include "products/usecases/decisions.h"
#include "proto/messages.h"
#include "tests/model/rows.h"
#include "tests/model/steps.h"
#include "users/usecases/decisions.h"

void steps_from(struct search *search, const struct bag *state)
{
	steps_of_consumers(search, state);
	steps_of_relays(search, state);
	steps_of_environment(search, state);
}

/* ---- time ---- */

static bool is_forgotten(const struct model *model, struct fact fact)
{
	if (fact.kind == FACT_INBOX || fact.kind == FACT_PROCESSED)
		return true;
	if (fact.kind != FACT_ROW || aggregate_of(model, fact.a).kind != &reservation_kind)
		return false;
	const struct reservation *reservation = row_data(model, fact.b);
	return reservation->state != RESERVATION_HELD;
}

/* Retention: inboxes, and reservations that have ended. */
static void forget(const struct model *model, struct bag *state)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < state->count; i++)
		if (!is_forgotten(model, fact_of(model, state->facts[i])))
			state->facts[kept++] = state->facts[i];
	state->count = kept;
}

static void pass_time(struct search *search, const struct bag *state)
{
	struct model *model = &search->model;
	const enum phase phase = bag_phase(model, state);
	struct bag after = *state;

	if (phase == model->scenario->last || (phase + 1 == PHASE_LATER && bag_count(model, state, FACT_LOADED) > 0))
		return; /* no transaction is open for a month */
	bag_set_phase(model, &after, phase + 1);
	if (phase + 1 == PHASE_LATER)
		forget(model, &after);
	search_reach(search, &after, (struct step){STEP_CLOCK, OUTCOME_DONE, (number_t)(phase + 1)});
}

/* ---- people ---- */

static void disable(struct search *search, const struct bag *state, number_t fact)
{
	struct model *model = &search->model;
	const number_t aggregate = fact_of(model, fact).a;
	struct user user = *(const struct user *)row_data(model, bag_row(model, state, aggregate));
	struct bag after = *state;

	user.disabled = true;
	user.version++;
	bag_drop(&after, fact);
	bag_set_row(model, &after, aggregate, row_number(model, &buyer_kind, &user));
	search_reach(search, &after, (struct step){STEP_DISABLE, OUTCOME_DONE, aggregate});
}

/* An event that always crashes its consumer becomes a dead letter with an inbox row. */
static void dead_letter_event(struct search *search, const struct bag *state, number_t fact)
{
	struct model *model = &search->model;
	const struct fact queued = fact_of(model, fact);
	const struct delivery delivery = delivery_of(model, queued.a);
	const struct fact drop_duplicates = {.kind = FACT_INBOX, .service = queued.service, .a = delivery.id};
	struct bag after = *state;

	if (delivery.request || !bag_spend(model, &after, FACT_DEAD_LETTER))
		return;
	bag_drop(&after, fact);
	if (service_of(queued.service)->transactional)
		bag_set(model, &after, drop_duplicates);
	search_reach(search, &after, (struct step){STEP_DEAD_LETTER, OUTCOME_DONE, queued.a});
}

void steps_of_environment(struct search *search, const struct bag *state)
{
	pass_time(search, state);
	for (unsigned i = 0; i < state->count; i = bag_next(state, i + 1)) {
		const struct fact fact = fact_of(&search->model, state->facts[i]);

		if (fact.kind == FACT_DISABLE)
			disable(search, state, state->facts[i]);
		if (fact.kind == FACT_QUEUE)
			dead_letter_event(search, state, state->facts[i]);
	}
}
