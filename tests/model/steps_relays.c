/* The relay of each service: outbox rows are published and deleted, timers of deadlines that are due are sent. */
#include <assert.h>

#include "proto/messages.h"
#include "tests/model/canonical.h"
#include "tests/model/rules.h"
#include "tests/model/steps.h"

/* ---- what the broker does with a message ---- */

struct publishing {
	struct search *search;
	const number_t *messages;
	unsigned count;
	struct step step;
};

/* One cause has one answer of each kind. Another answer with another id, in flight or processed, would also take
 * effect. */
static bool answers_twice(const struct model *model, const struct bag *state, number_t sent)
{
	const number_t id = sent_message_of(model, sent).id;
	const struct id_origin origin = id_origin(model, id);

	for (unsigned i = 0; i < state->count && origin.cause != 0; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);
		number_t other = 0;

		if (fact.kind == FACT_INBOX || fact.kind == FACT_PROCESSED)
			other = fact.a;
		else if (fact.kind == FACT_QUEUE)
			other = delivery_of(model, fact.a).id;
		if (other == 0 || other == id)
			continue;
		const struct id_origin rival = id_origin(model, other);
		if (rival.cause == origin.cause && rival.service == origin.service && rival.index == origin.index)
			return true;
	}
	return false;
}

static void send(const struct publishing *publishing, const struct bag *state, unsigned index, unsigned service);

static void send_to(const struct publishing *publishing, const struct bag *state, unsigned index, unsigned service)
{
	struct model *model = &publishing->search->model;
	const number_t delivery = delivery_number(model, service, publishing->messages[index]);
	const struct fact queued = {.kind = FACT_QUEUE, .service = (uint8_t)service, .a = delivery};
	struct bag sent = *state;

	bag_add(model, &sent, queued);
	send(publishing, &sent, index, service + 1);
	if (model->scenario->duplicates == UNLIMITED || bag_spend(model, &sent, FACT_DUPLICATE)) {
		bag_add(model, &sent, queued);
		send(publishing, &sent, index, service + 1);
	}
}

/* Sends the index-th message to this service and those after it, then the messages after it. */
static void send(const struct publishing *publishing, const struct bag *state, unsigned index, unsigned service)
{
	if (index == publishing->count) {
		struct bag reached = *state;

		search_reach(publishing->search, &reached, publishing->step);
		return;
	}
	if (service == SERVICES) {
		send(publishing, state, index + 1, 0);
		return;
	}
	if ((sent_message_of(&publishing->search->model, publishing->messages[index]).receivers >> service & 1) != 0)
		send_to(publishing, state, index, service);
	else
		send(publishing, state, index, service + 1);
}

void publish(struct search *search, const struct bag *state, const number_t *messages, unsigned count, struct step step)
{
	for (unsigned i = 0; i < count; i++)
		if (answers_twice(&search->model, state, messages[i]))
			search_break(search, RULE_ONE_ANSWER, step, state);
	send(&(struct publishing){search, messages, count, step}, state, 0, 0);
}

/* ---- the outbox ---- */

static void relay_row(struct search *search, const struct bag *state, number_t row)
{
	struct model *model = &search->model;
	const number_t sent = fact_of(model, row).a;
	struct step step = {STEP_PUBLISH, OUTCOME_DONE, sent};
	struct bag after = *state;

	bag_drop(&after, row);
	publish(search, &after, &sent, 1, step);
	/* The broker has it, but the row is not deleted: it will be published again. */
	after = *state;
	if (!bag_spend(model, &after, FACT_CRASH))
		return;
	step.outcome = OUTCOME_CRASH_AFTER;
	publish(search, &after, &sent, 1, step);
	if (!model_mutated(model, MUTATE_DELETE_BEFORE_CONFIRM))
		return;
	bag_drop(&after, row);
	step.outcome = OUTCOME_CRASH_BEFORE;
	search_reach(search, &after, step);
}

/* ---- deadlines ---- */

static bool is_due(const struct model *model, const struct bag *state, struct fact deadline)
{
	const enum phase due = deadline.a == ORDER_DEADLINE ? PHASE_EXPIRED : PHASE_OVERDUE;

	return bag_phase(model, state) >= due;
}

/* The first timer whose id the state does not contain. The number of attempts has no other effect. */
static number_t next_timer(struct model *model, const struct bag *state, struct fact deadline)
{
	for (unsigned attempts = 1;; attempts++) {
		const number_t sent = message_timer(model, deadline.service, deadline.a, deadline.b, attempts);

		if (!state_knows_id(model, state, sent_message_of(model, sent).id))
			return sent;
	}
}

static void send_timer(struct search *search, const struct bag *state, number_t row)
{
	struct model *model = &search->model;
	const struct fact deadline = fact_of(model, row);

	/* Any number of timers could overlap, with the same results. */
	if (!is_due(model, state, deadline) ||
	    state_timers(model, state, deadline.a, deadline.b) >= (unsigned)model->scenario->overlapping_timers)
		return;
	const number_t sent = next_timer(model, state, deadline);
	struct step step = {STEP_TIMER, OUTCOME_DONE, sent};
	struct bag after = *state;
	if (model_mutated(model, MUTATE_NO_REARM))
		bag_drop(&after, row);
	publish(search, &after, &sent, 1, step);
	/* The timer is lost; the deadline is due again later. */
	if (!bag_spend(model, &after, FACT_CRASH))
		return;
	step.outcome = OUTCOME_CRASH_BEFORE;
	search_reach(search, &after, step);
}

void steps_of_relays(struct search *search, const struct bag *state)
{
	for (unsigned i = 0; i < state->count; i = bag_next(state, i + 1)) {
		const struct fact fact = fact_of(&search->model, state->facts[i]);

		if (fact.kind == FACT_OUTBOX)
			relay_row(search, state, state->facts[i]);
		if (fact.kind == FACT_DEADLINE)
			send_timer(search, state, state->facts[i]);
	}
}
