/* Steps and states in words. Orders are told apart by letters: A, B. */
#include "tests/model/trace.h"

#include <stdio.h>
#include <string.h>

#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "products/usecases/aggregates.h"
#include "tests/model/letters.h"
#include "tests/model/rows.h"
#include "tests/model/turns.h"
#include "users/domain/users.h"

/* ---- names ---- */

static const char *const phase_names[PHASES] = {"before the deadline", "after the deadline",
						"after the reservation's deadline", "a month later"};

/* "A" for the first order that the model has heard of, and so on: orders are the aggregates of that kind. */
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

static void print_letter(const struct search *search, number_t number)
{
	const struct letter letter = letter_of(&search->model, number);
	const struct message_type *type = &comanda_contract.types[letter.message.type];
	struct uuid about = letter.message.subject;

	if (letter.message.type == ORDERS_CANCEL)
		about = ((const struct by_id *)letter.message.body)->id;
	printf("%s", type->name);
	if (letter.message.type != ORDERS_PLACE)
		printf(" %c", order_name(search, &about));
	printf(" #%u", letter.id);
}

static void print_delivery(const struct search *search, number_t number)
{
	print_letter(search, delivery_of(&search->model, number).letter);
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
		printf("buyer is %s", user_status_names[((const struct user *)data)->status]);
	}
}

/* ---- steps ---- */

static void print_turn(const struct search *search, number_t number)
{
	const struct turn turn = turn_of(&search->model, number);

	printf("%s handles ", side_of(turn.side)->name);
	for (unsigned i = 0; i < turn.count; i++) {
		printf("%s", i == 0 ? "" : " and ");
		print_delivery(search, turn.deliveries[i]);
		if (turn.status[i] != OK)
			printf(" (%s)", status_rule(turn.status[i])->code);
	}
	for (unsigned i = 0; i < turn.write_count; i++) {
		printf("; ");
		print_row(search, turn.writes[i].aggregate, turn.writes[i].row);
	}
	for (unsigned i = 0; i < turn.said_count; i++) {
		printf("; says ");
		print_letter(search, turn.said[i]);
	}
}

static void print_what(const struct search *search, struct step step)
{
	switch ((enum step_kind)step.kind) {
	case STEP_START:
		printf("it begins");
		break;
	case STEP_SAVE:
		printf("now saved: ");
		print_turn(search, step.what);
		break;
	case STEP_LOAD:
		printf("loaded: ");
		print_turn(search, step.what);
		break;
	case STEP_TURN:
		print_turn(search, step.what);
		break;
	case STEP_DUPLICATE:
		printf("handled before: ");
		print_delivery(search, step.what);
		break;
	case STEP_PUBLISH:
		printf("published: ");
		print_letter(search, step.what);
		break;
	case STEP_NOTE:
		printf("due: ");
		print_letter(search, step.what);
		break;
	case STEP_PUT_ASIDE:
		printf("put aside: ");
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
	static const char *const fates[] = {[FATE_WHOLE] = "",
					    [FATE_AGAIN] = " - a row came in between: again",
					    [FATE_CRASH_BEFORE] = " - CRASH before that was done",
					    [FATE_CRASH_AFTER] = " - CRASH after that, before anything else"};

	printf("    ");
	print_what(search, step);
	printf("%s\n", fates[step.fate]);
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
	if (search->breach.from != 0)
		print_way(search, search->breach.from);
	print_step(search, search->breach.step);
	printf("    then: ");
	trace_print_state(search, &search->breach.to);
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
	case FACT_CLAIM:
		printf("%s has handled #%u", side_of(fact.side)->name, fact.a);
		break;
	case FACT_HEARD:
		printf("%s has heard #%u", side_of(fact.side)->name, fact.a);
		break;
	case FACT_OUTBOX:
		printf("outbox of %s: ", side_of(fact.side)->name);
		print_letter(search, fact.a);
		break;
	case FACT_QUEUE:
		printf("queue of %s: ", side_of(fact.side)->name);
		print_delivery(search, fact.a);
		break;
	case FACT_WISH:
		printf("may be asked: ");
		print_delivery(search, fact.a);
		break;
	case FACT_HAND:
		print_what(search, (struct step){STEP_LOAD, FATE_WHOLE, fact.a});
		break;
	case FACT_DEADLINE:
		printf("%s is set", comanda_contract.types[fact.a].name);
		break;
	case FACT_TOLD:
		printf("a client was told of its order");
		break;
	case FACT_VERIFIED:
		printf("the buyer was verified");
		break;
	case FACT_END_HEARD:
		printf("products has heard the end");
		break;
	case FACT_CRASH:
		printf("a crash is left");
		break;
	case FACT_DOUBLE:
		printf("a double is left");
		break;
	case FACT_DEAD:
		printf("an event may be put aside");
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
