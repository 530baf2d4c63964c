/* The model's tables, and how a world begins. */
#include "tests/model/model.h"

#include <assert.h>

#include "products/usecases/aggregates.h"
#include "tests/model/letters.h"
#include "tests/model/rows.h"
#include "tests/model/turns.h"
#include "users/domain/users.h"

#define BEGIN_US    (1767225600 * SECOND_US) /* 2026-01-01 */
#define PATIENCE_US (10 * MINUTE_US)
#define GRACE_US    (2 * MINUTE_US) /* more than what products waits after an order's end */

int64_t phase_moment(enum phase phase)
{
	static const int64_t moments[PHASES] = {
		[PHASE_OPEN] = BEGIN_US,
		[PHASE_EXPIRED] = BEGIN_US + PATIENCE_US,
		[PHASE_OVERDUE] = BEGIN_US + PATIENCE_US + GRACE_US,
		[PHASE_LATER] = BEGIN_US + 31 * DAY_US,
	};

	return moments[phase];
}

int64_t model_patience(void)
{
	return PATIENCE_US;
}

bool model_twisted(const struct model *model, enum twist twist)
{
	return model->mutation->twist == twist;
}

void model_init(struct model *model, const struct world *world, const struct mutation *mutation)
{
	assert(!(world->reduced && world->last == PHASE_LATER) && "what has ended may be forgotten there");
	*model = (struct model){.world = world, .mutation = mutation};
	arena_init(&model->kept);
	arena_init(&model->scratch);
	table_init(&model->facts, sizeof(struct fact));
	table_init(&model->ids, sizeof(struct id_origin));
	table_init(&model->letters, sizeof(struct letter));
	table_init(&model->deliveries, sizeof(struct delivery));
	table_init(&model->aggregates, sizeof(struct aggregate_value));
	table_init(&model->rows, sizeof(void *));
	table_init(&model->turns, sizeof(struct turn));
}

void model_done(struct model *model)
{
	struct table *const tables[] = {&model->facts,      &model->ids,  &model->letters, &model->deliveries,
					&model->aggregates, &model->rows, &model->turns};

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
		.on_hand = model->world->stock,
		.version = 1,
		.sequence = 1,
	};

	if (model->world->stock != UNKNOWN_PRODUCT)
		add_row(model, state, &product_kind, &product.id, &product);
}

static void add_buyer(struct model *model, struct bag *state, int which)
{
	const struct user user = {
		.id = id_for("buyer", which),
		.email = "buyer@example.org",
		.name = "Buyer",
		.status = model->world->disabled[which] ? USER_INACTIVE : USER_ACTIVE,
		.password_hash = "",
		.version = 1,
	};
	const number_t aggregate = aggregate_number(model, &buyer_kind, &user.id);

	add_row(model, state, &buyer_kind, &user.id, &user);
	if (which == 0 && model->world->may_be_disabled)
		bag_add(model, state, (struct fact){.kind = FACT_DISABLE, .a = aggregate});
}

/* ---- what clients may ask for ---- */

static number_t wish(struct model *model, struct bag *state, const struct message *message)
{
	const number_t delivery = delivery_number(model, SIDE_ORDERS, letter_request(model, message));

	bag_add(model, state, (struct fact){.kind = FACT_WISH, .side = SIDE_ORDERS, .a = delivery});
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
static void wish_cancel(struct model *model, struct bag *state, int which, number_t order)
{
	struct by_id *body = arena_new(&model->kept, 1, sizeof(*body));

	*body = (struct by_id){.id = aggregate_of(model, order).id, .expected_version = INT_ABSENT};
	const struct message message = request(ORDERS_CANCEL, which, body);
	wish(model, state, &message);
}

/* One piece. Once the order would have expired, the request itself has. */
static void wish_order(struct model *model, struct bag *state, int which)
{
	struct order_line *line = arena_new(&model->kept, 1, sizeof(*line));
	struct orders_place *body = arena_new(&model->kept, 1, sizeof(*body));

	*line = (struct order_line){.product_id = id_for("product", 0), .quantity = 1, .unit_price_cents = INT_ABSENT};
	*body = (struct orders_place){.items = {line, 1}};
	struct message message = request(ORDERS_PLACE, which, body);
	message.deadline_us = phase_moment(PHASE_OPEN) + SECOND_US;
	const number_t delivery = wish(model, state, &message);
	const struct turn placing = turn_of(model, turn_number(model, state, &delivery, 1, MANNER_FIRST));
	assert(placing.told != 0);
	if (model->world->cancels[which])
		wish_cancel(model, state, which, placing.told);
	message.time_us += SECOND_US; /* the client has waited a second, and asks again */
	if (model->world->repeats)
		wish(model, state, &message);
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
	add_budget(model, ret_state, FACT_CRASH, model->world->crashes);
	add_budget(model, ret_state, FACT_DOUBLE, model->world->doubles);
	add_budget(model, ret_state, FACT_DEAD, model->world->dead);
	add_product(model, ret_state);
	for (int which = 0; which < model->world->orders; which++) {
		add_buyer(model, ret_state, which);
		wish_order(model, ret_state, which);
	}
}
