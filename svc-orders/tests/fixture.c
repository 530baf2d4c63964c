/* The fixture for tests of decisions. */
#include "orders/tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct place_settings terms = {.deadline_us = 10 * MINUTE_US};

const struct caller ALICE = {.user_id = {{0xa1}}, .role = CALLER_CUSTOMER};
const struct caller BOB = {.user_id = {{0xb0}}, .role = CALLER_CUSTOMER};
const struct caller ADMIN = {.user_id = {{0xad}}, .role = CALLER_ADMIN};
const struct caller NOBODY = {.role = CALLER_NOBODY};

int fixture_open(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof(*fixture));

	arena_init(&fixture->arena);
	fixture->unit = unit_make(&fixture->arena, ORDERS_SERVICE);
	fixture->now_us = 1000 * SECOND_US;
	*state = fixture;
	return 0;
}

int fixture_close(void **state)
{
	struct fixture *fixture = *state;

	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

struct uuid product(int which)
{
	return (struct uuid){{0xcc, (uint8_t)which}};
}

enum status decide(struct fixture *fixture, decide_function *decision, struct message message)
{
	const struct output *outputs;

	fixture->now_us += SECOND_US;
	message.id = (struct uuid){{0x11, [15] = ++fixture->messages}};
	message.time_us = fixture->now_us - MS_US;
	fixture->published_before = unit_outputs(fixture->unit, &outputs);
	fixture->decision = unit_decide(fixture->unit, decision, &message, fixture->now_us, 0);
	return fixture->decision.status;
}

/* ---- commands ---- */

enum status place_products(struct fixture *fixture, struct caller caller, const int *products, size_t count)
{
	struct order_line *lines = arena_new(&fixture->arena, count, sizeof(*lines));
	struct orders_place *wanted = arena_new(&fixture->arena, 1, sizeof(*wanted));

	for (size_t i = 0; i < count; i++)
		lines[i] = (struct order_line){.product_id = product(products[i]), .quantity = 2};
	*wanted = (struct orders_place){.items = {.items = lines, .count = count}, .note = "ring twice"};
	return decide(fixture, place_order,
		      (struct message){.type = ORDERS_PLACE, .caller = caller, .body = wanted, .prepared = &terms});
}

struct uuid place(struct fixture *fixture)
{
	assert_int_equal(place_products(fixture, ALICE, (const int[]){APPLE, PEAR}, 2), OK);
	return ((const struct order_view *)fixture->decision.reply)->id;
}

enum status cancel(struct fixture *fixture, struct uuid order_id, struct caller caller)
{
	const struct by_id wanted = {.id = order_id, .expected_version = INT_ABSENT};

	return decide(fixture, cancel_order,
		      (struct message){.type = ORDERS_CANCEL, .caller = caller, .body = &wanted});
}

/* ---- events ---- */

static enum status deliver(struct fixture *fixture, decide_function *decision, int type, const void *body)
{
	return decide(fixture, decision,
		      (struct message){.type = type, .sequence = 7, .deadline_us = INT64_MAX, .body = body});
}

static struct stock_event *stock_reserved(struct fixture *fixture, struct uuid order_id)
{
	static const char *const names[PRODUCTS] = {[APPLE] = "Apple", [PEAR] = "Pear"};
	struct order_line *lines = arena_new(&fixture->arena, PRODUCTS, sizeof(*lines));
	struct stock_event *held = arena_new(&fixture->arena, 1, sizeof(*held));

	/* Products may answer with the lines in another sequence. */
	for (int i = 0; i < PRODUCTS; i++)
		lines[PRODUCTS - 1 - i] = (struct order_line){
			.product_id = product(i),
			.name = names[i],
			.quantity = 2,
			.unit_price_cents = 100LL * (i + 1),
		};
	*held = (struct stock_event){.order_id = order_id,
				     .items = {.items = lines, .count = PRODUCTS},
				     .total_cents = 600,
				     .currency = "EUR"};
	return held;
}

enum status receive(struct fixture *fixture, struct uuid order_id, enum saga_event event)
{
	const struct user_answer verified = {.order_id = order_id, .user_id = ALICE.user_id};
	const struct user_answer refused = {
		.order_id = order_id,
		.user_id = ALICE.user_id,
		.code = "user_disabled",
		.detail = "This account is disabled.",
	};
	const struct stock_refused no_stock = {
		.order_id = order_id,
		.code = "out_of_stock",
		.detail = "No pears are left.",
		.product_id = product(PEAR),
	};
	const struct order_timer timer = {.order_id = order_id};

	switch (event) {
	case USER_OK:
		return deliver(fixture, on_user_verified, USER_VERIFIED, &verified);
	case USER_NO:
		return deliver(fixture, on_user_refused, USER_REFUSED, &refused);
	case STOCK_OK:
		return deliver(fixture, on_stock_reserved, STOCK_RESERVED, stock_reserved(fixture, order_id));
	case STOCK_NO:
		return deliver(fixture, on_stock_refused, STOCK_REFUSED, &no_stock);
	case DEADLINE:
		return deliver(fixture, on_deadline, ORDER_DEADLINE, &timer);
	case OVERDUE:
		return deliver(fixture, on_reservation_overdue, RESERVATION_OVERDUE, &timer);
	case CANCEL:
		return cancel(fixture, order_id, ALICE);
	}
	fail();
	return E_INTERNAL;
}

struct uuid order_in(struct fixture *fixture, enum order_state state)
{
	enum { END = -1 };
	static const int ways[ORDER_STATES][3] = {
		[PENDING] = {END},           [USER_KNOWN] = {USER_OK, END},          [STOCK_HELD] = {STOCK_OK, END},
		[REJECTED] = {USER_NO, END}, [CONFIRMED] = {USER_OK, STOCK_OK, END}, [EXPIRED] = {DEADLINE, END},
		[CANCELLED] = {CANCEL, END},
	};
	struct uuid id = place(fixture);

	for (const int *event = ways[state]; *event != END; event++)
		assert_int_equal(receive(fixture, id, (enum saga_event) * event), OK);
	assert_int_equal(order_of(fixture, id)->state, state);
	return id;
}

/* ---- results ---- */

const struct order *order_of(struct fixture *fixture, struct uuid order_id)
{
	return unit_get(fixture->unit, &order_kind, &order_id);
}

size_t published_count(const struct fixture *fixture)
{
	const struct output *outputs;

	return unit_outputs(fixture->unit, &outputs) - fixture->published_before;
}

const struct output *published(const struct fixture *fixture)
{
	const struct output *outputs;
	size_t count = unit_outputs(fixture->unit, &outputs);

	return count > fixture->published_before ? &outputs[fixture->published_before] : NULL;
}

int64_t deadline_of(struct fixture *fixture, struct uuid order_id)
{
	const struct deadline *deadlines;
	size_t count = unit_deadlines(fixture->unit, &deadlines);

	for (size_t i = 0; i < count; i++)
		if (uuid_equal(&deadlines[i].subject, &order_id))
			return deadlines[i].due_us;
	return INT64_MIN;
}

void assert_same_id(struct uuid a, struct uuid b)
{
	assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
}
