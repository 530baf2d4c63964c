/* The model's tables, and how a scenario begins. */
#include "tests/model/model.h"

#include <assert.h>

#include "products/usecases/decisions.h"
#include "tests/model/batches.h"
#include "tests/model/messages.h"
#include "tests/model/rows.h"
#include "users/usecases/decisions.h"

#define BEGIN_US            (1767225600 * SECOND_US) /* 2026-01-01 */
#define ORDER_TIME_LIMIT_US (10 * MINUTE_US)
#define GRACE_US            (2 * MINUTE_US) /* more than what products waits after an order's end */

int64_t phase_moment(enum phase phase)
{
	static const int64_t moments[PHASES] = {
		[PHASE_OPEN] = BEGIN_US,
		[PHASE_EXPIRED] = BEGIN_US + ORDER_TIME_LIMIT_US,
		[PHASE_OVERDUE] = BEGIN_US + ORDER_TIME_LIMIT_US + GRACE_US,
		[PHASE_LATER] = BEGIN_US + 31 * DAY_US,
	};

	return moments[phase];
}

int64_t order_time_limit(void)
{
	return ORDER_TIME_LIMIT_US;
}

bool model_mutated(const struct model *model, enum runtime_mutation runtime_mutation)
{
	return model->mutation->runtime_mutation == runtime_mutation;
}

void model_init(struct model *model, const struct scenario *scenario, const struct mutation *mutation)
{
	assert(!(scenario->reduced && scenario->last == PHASE_LATER) && "what has ended may be forgotten there");
	*model = (struct model){.scenario = scenario, .mutation = mutation};
	arena_init(&model->kept);
	arena_init(&model->scratch);
	table_init(&model->facts, sizeof(struct fact));
	table_init(&model->ids, sizeof(struct id_origin));
	table_init(&model->messages, sizeof(struct sent));
	table_init(&model->deliveries, sizeof(struct delivery));
	table_init(&model->aggregates, sizeof(struct aggregate_value));
	table_init(&model->rows, sizeof(void *));
	table_init(&model->batches, sizeof(struct batch));
}

void model_done(struct model *model)
{
	struct table *const tables[] = {&model->facts,      &model->ids,  &model->messages, &model->deliveries,
					&model->aggregates, &model->rows, &model->batches};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		table_done(tables[i]);
	arena_done(&model->kept);
	arena_done(&model->scratch);
}

/* ---- who and what is there ---- */

static struct uuid id_for(const char *what, int which)
{
	const struct uuid nothing = {0};

	return uuid_derive(what, &nothing, (unsigned)which, BEGIN_US);
}

static void add_row(struct model *model, struct bag *state, const struct aggregate *kind, const struct uuid *id,
		    const void *data)
{
	bag_set_row(model, state, aggregate_number(model, kind, id), row_number(model, kind, data));
}

static void add_product(struct model *model, struct bag *state)
{
	const struct product product = {
		.id = id_for("product", 0),
		.sku = "LAMP",
		.name = "Lamp",
		.description = "",
		.price_cents = 1999,
		.currency = "EUR",
		.on_hand = model->scenario->stock,
		.version = 1,
		.sequence = 1,
	};

	if (model->scenario->stock != UNKNOWN_PRODUCT)
		add_row(model, state, &product_kind, &product.id, &product);
}

static void add_buyer(struct model *model, struct bag *state, int which)
{
	const struct user user = {
		.id = id_for("buyer", which),
		.email = "buyer@example.org",
		.name = "Buyer",
		.disabled = model->scenario->disabled[which],
		.password_hash = "",
		.version = 1,
	};
	const number_t aggregate = aggregate_number(model, &buyer_kind, &user.id);

	add_row(model, state, &buyer_kind, &user.id, &user);
	if (which == 0 && model->scenario->may_be_disabled)
		bag_add(model, state, (struct fact){.kind = FACT_DISABLE, .a = aggregate});
}

/* ---- what clients may ask for ---- */

static number_t add_possible_request(struct model *model, struct bag *state, const struct message *message)
{
	const number_t delivery = delivery_number(model, SERVICE_ORDERS, message_request(model, message));

	bag_add(model, state, (struct fact){.kind = FACT_POSSIBLE_REQUEST, .service = SERVICE_ORDERS, .a = delivery});
	return delivery;
}

static struct message request(int type, int which, const void *body)
{
	return (struct message){
		.type = type,
		.id = id_for(comanda_contract.types[type].name, which),
		.time_us = BEGIN_US - 2 * SECOND_US,
		.deadline_us = INT64_MAX,
		.caller = {.user_id = id_for("buyer", which), .role = CALLER_CUSTOMER},
		.body = body,
	};
}

/* The order can be called off at any time: its request waits until then, so it has no deadline of its own. */
static void add_cancel_request(struct model *model, struct bag *state, int which, number_t order)
{
	struct by_id *body = arena_new(&model->kept, 1, sizeof(*body));

	*body = (struct by_id){.id = aggregate_of(model, order).id, .expected_version = INT_ABSENT};
	const struct message message = request(ORDERS_CANCEL, which, body);
	add_possible_request(model, state, &message);
}

/* One piece. Once the order would have expired, the request itself has. */
static void add_order_request(struct model *model, struct bag *state, int which)
{
	struct order_line *line = arena_new(&model->kept, 1, sizeof(*line));
	struct orders_place *body = arena_new(&model->kept, 1, sizeof(*body));

	*line = (struct order_line){.product_id = id_for("product", 0), .quantity = 1, .unit_price_cents = INT_ABSENT};
	*body = (struct orders_place){.items = {line, 1}};
	struct message message = request(ORDERS_PLACE, which, body);
	message.deadline_us = phase_moment(PHASE_OPEN) + SECOND_US;
	const number_t delivery = add_possible_request(model, state, &message);
	const struct batch placing = batch_of(model, batch_number(model, state, &delivery, 1, MODE_FIRST));
	assert(placing.accepted != 0);
	if (model->scenario->cancels[which])
		add_cancel_request(model, state, which, placing.accepted);
	message.time_us += SECOND_US; /* the client has waited a second, and asks again */
	if (model->scenario->repeats)
		add_possible_request(model, state, &message);
}

static void add_budget(struct model *model, struct bag *state, enum fact_kind kind, int count)
{
	for (int i = 0; i < count; i++)
		bag_add(model, state, (struct fact){.kind = (uint8_t)kind});
}

void model_begin(struct model *model, struct bag *ret_state)
{
	*ret_state = (struct bag){0};
	bag_set_phase(model, ret_state, PHASE_OPEN);
	add_budget(model, ret_state, FACT_CRASH, model->scenario->crashes);
	add_budget(model, ret_state, FACT_DUPLICATE, model->scenario->duplicates);
	add_budget(model, ret_state, FACT_DEAD_LETTER, model->scenario->dead_letters);
	add_product(model, ret_state);
	for (int which = 0; which < model->scenario->orders; which++) {
		add_buyer(model, ret_state, which);
		add_order_request(model, ret_state, which);
	}
}
