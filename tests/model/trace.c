/* Steps and states in words. Orders are named A, B. */
#include "tests/model/trace.h"

#include <stdio.h>
#include <string.h>

#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "products/usecases/decisions.h"
#include "tests/model/batches.h"
#include "tests/model/messages.h"
#include "tests/model/rows.h"
#include "users/usecases/decisions.h"

/* ---- names ---- */

static const char *const phase_names[PHASES] = {"before the deadline", "after the deadline",
						"after the reservation's deadline", "a month later"};

/* "A" for the first order of the model, "B" for the second. */
static char order_name(const struct search *search, const struct uuid *id)
{
	char name = 'A';

	for (uint32_t number = 1; number <= search->model.aggregates.count; number++) {
		const struct aggregate_value aggregate = aggregate_of(&search->model, (number_t)number);

		if (aggregate.kind != &order_kind)
			continue;
		if (uuid_equal(&aggregate.id, id))
			return name;
		name++;
	}
	return '?';
}

static void print_message(const struct search *search, number_t number)
{
	const struct sent sent = sent_message_of(&search->model, number);
	const struct message_type *type = &comanda_contract.types[sent.message.type];
	struct uuid about = sent.message.subject;

	if (sent.message.type == ORDERS_CANCEL)
		about = ((const struct by_id *)sent.message.body)->id;
	printf("%s", type->name);
	if (sent.message.type != ORDERS_PLACE)
		printf(" %c", order_name(search, &about));
	printf(" #%u", sent.id);
}

static void print_delivery(const struct search *search, number_t number)
{
	print_message(search, delivery_of(&search->model, number).sent);
}

static void print_row(const struct search *search, number_t aggregate, number_t row)
{
	const struct aggregate_value value = aggregate_of(&search->model, aggregate);
	const void *data = row_data(&search->model, row);

	if (value.kind == &order_kind) {
		printf("order %c is %s", order_name(search, &value.id),
		       order_state_names[((const struct order *)data)->state]);
	} else if (value.kind == &reservation_kind) {
		printf("reservation %c is %s", order_name(search, &value.id),
		       reservation_state_names[((const struct reservation *)data)->state]);
	} else if (value.kind == &product_kind) {
		const struct product *product = data;
		printf("stock is %lld, of which %lld reserved", (long long)product->on_hand,
		       (long long)product->reserved);
	} else {
		printf("buyer is %s", ((const struct user *)data)->disabled ? "disabled" : "active");
	}
}

/* ---- steps ---- */

static void print_batch(const struct search *search, number_t number)
{
	const struct batch batch = batch_of(&search->model, number);

	printf("%s handles ", service_of(batch.service)->name);
	for (unsigned i = 0; i < batch.count; i++) {
		printf("%s", i == 0 ? "" : " and ");
		print_delivery(search, batch.deliveries[i]);
		if (batch.status[i] != OK)
			printf(" (%s)", status_rule(batch.status[i])->code);
	}
	for (unsigned i = 0; i < batch.write_count; i++) {
		printf("; ");
		print_row(search, batch.writes[i].aggregate, batch.writes[i].row);
	}
	for (unsigned i = 0; i < batch.event_count; i++) {
		printf("; publishes ");
		print_message(search, batch.events[i]);
	}
}

static void print_what(const struct search *search, struct step step)
{
	switch ((enum step_kind)step.kind) {
	case STEP_START:
		printf("start");
		break;
	case STEP_SAVE:
		printf("now saved: ");
		print_batch(search, step.what);
		break;
	case STEP_LOAD:
		printf("loaded: ");
		print_batch(search, step.what);
		break;
	case STEP_BATCH:
		print_batch(search, step.what);
		break;
	case STEP_DUPLICATE:
		printf("handled before: ");
		print_delivery(search, step.what);
		break;
	case STEP_PUBLISH:
		printf("published: ");
		print_message(search, step.what);
		break;
	case STEP_TIMER:
		printf("due: ");
		print_message(search, step.what);
		break;
	case STEP_DEAD_LETTER:
		printf("dead-lettered: ");
		print_delivery(search, step.what);
		break;
	case STEP_CLOCK:
		printf("it is %s", phase_names[step.what]);
		break;
	case STEP_DISABLE:
		printf("the buyer's account is disabled");
		break;
	}
}

static void print_step(const struct search *search, struct step step)
{
	static const char *const outcomes[] = {[OUTCOME_DONE] = "",
					       [OUTCOME_RETRY] = " - a row came in between: again",
					       [OUTCOME_CRASH_BEFORE] = " - CRASH before that was done",
					       [OUTCOME_CRASH_AFTER] = " - CRASH after that, before anything else"};

	printf("    ");
	print_what(search, step);
	printf("%s\n", outcomes[step.outcome]);
}

static void print_way(const struct search *search, uint32_t number)
{
	const struct visit *visit = table_value(&search->states, number);

	if (visit->parent != 0)
		print_way(search, visit->parent);
	print_step(search, visit->step);
}

void trace_print(const struct search *search)
{
	if (search->violation.from != 0)
		print_way(search, search->violation.from);
	print_step(search, search->violation.step);
	printf("    then: ");
	trace_print_state(search, &search->violation.to);
}

/* ---- states ---- */

static void print_fact(const struct search *search, struct fact fact)
{
	switch ((enum fact_kind)fact.kind) {
	case FACT_CLOCK:
		printf("it is %s", phase_names[fact.a]);
		break;
	case FACT_ROW:
		print_row(search, fact.a, fact.b);
		break;
	case FACT_INBOX:
		printf("%s has handled #%u", service_of(fact.service)->name, fact.a);
		break;
	case FACT_PROCESSED:
		printf("%s has processed #%u", service_of(fact.service)->name, fact.a);
		break;
	case FACT_OUTBOX:
		printf("outbox of %s: ", service_of(fact.service)->name);
		print_message(search, fact.a);
		break;
	case FACT_QUEUE:
		printf("queue of %s: ", service_of(fact.service)->name);
		print_delivery(search, fact.a);
		break;
	case FACT_POSSIBLE_REQUEST:
		printf("possible request: ");
		print_delivery(search, fact.a);
		break;
	case FACT_LOADED:
		print_what(search, (struct step){STEP_LOAD, OUTCOME_DONE, fact.a});
		break;
	case FACT_DEADLINE:
		printf("%s is set", comanda_contract.types[fact.a].name);
		break;
	case FACT_ACCEPTED:
		printf("a client knows its order");
		break;
	case FACT_VERIFIED:
		printf("the buyer was verified");
		break;
	case FACT_END_PROCESSED:
		printf("svc-products has processed the end");
		break;
	case FACT_CRASH:
		printf("a crash is left");
		break;
	case FACT_DUPLICATE:
		printf("a duplicate is left");
		break;
	case FACT_DEAD_LETTER:
		printf("an event may be dead-lettered");
		break;
	case FACT_DISABLE:
		printf("a buyer may be disabled");
		break;
	}
}

void trace_print_state(const struct search *search, const struct bag *state)
{
	for (unsigned i = 0; i < state->count; i++) {
		printf("%s", i == 0 ? "" : ", ");
		print_fact(search, fact_of(&search->model, state->facts[i]));
	}
	printf("\n");
}
