/* Stock is conserved for all messages, in any sequence, in any batches, and when they are repeated.
 *
 * Random histories with fixed seeds. After every batch: on_hand = initial + adjustments - sold, reserved = the sum of
 * the held reservations, and 0 <= reserved <= on_hand. The last published stock levels equal the saved ones. */
#include "core/random.h"
#include "products/tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PRODUCTS = 5, ORDERS = 150, BATCHES = 120, BATCH_MAX = 20, INITIAL = 40, SEEDS = 10 };

struct history {
	struct fixture fixture;
	uint64_t random;
	struct uuid products[PRODUCTS];
	int64_t adjusted[PRODUCTS];
	struct order_event *orders[ORDERS];
	int end[ORDERS]; /* the end of the order; 0: none yet */
};

static uint64_t draw(struct history *history, uint64_t below)
{
	return random_next(&history->random) % below;
}

static void begin(struct history *history, uint64_t seed)
{
	memset(history, 0, sizeof(*history));
	fixture_open(&history->fixture);
	history->random = seed;
	for (size_t i = 0; i < PRODUCTS; i++)
		history->products[i] =
			fixture_product(&history->fixture, arena_format(&history->fixture.arena, "p%zu", i), INITIAL)
				->id;
	for (size_t i = 0; i < ORDERS; i++) {
		size_t first = draw(history, PRODUCTS);
		const struct uuid both[] = {history->products[first], history->products[(first + 1) % PRODUCTS]};
		const int64_t quantities[] = {(int64_t)draw(history, 6) + 1, (int64_t)draw(history, 6) + 1};

		history->orders[i] = fixture_order(&history->fixture, 1 + draw(history, 2), both, quantities);
	}
}

/* The events that orders can publish: one end per order, and order.confirmed only after the stock was reserved. */
static int end_of(struct history *history, size_t order)
{
	static const int ends[] = {ORDER_REJECTED, ORDER_EXPIRED, ORDER_CANCELLED, ORDER_CONFIRMED, ORDER_CONFIRMED};
	const struct reservation *seen = fixture_reservation(&history->fixture, &history->orders[order]->order_id);

	if (history->end[order] == 0) {
		history->end[order] = ends[draw(history, 5)];
		if (history->end[order] == ORDER_CONFIRMED && (seen == NULL || seen->state != RESERVATION_HELD))
			history->end[order] = ORDER_REJECTED;
	}
	return history->end[order];
}

static struct message any_message(struct history *history)
{
	struct fixture *fixture = &history->fixture;
	size_t order = draw(history, ORDERS);
	struct products_adjust_stock *adjustment;

	switch (draw(history, 6)) {
	case 0:
	case 1:
	case 2:
		return fixture_message(fixture, ORDER_PLACED, history->orders[order]);
	case 3:
	case 4:
		return fixture_message(fixture, end_of(history, order), history->orders[order]);
	default:
		adjustment = arena_new(&fixture->arena, 1, sizeof(*adjustment));
		*adjustment = (struct products_adjust_stock){.id = history->products[draw(history, PRODUCTS)],
							     .expected_version = INT_ABSENT,
							     .delta = (int64_t)draw(history, 21) - 10};
		return fixture_message(fixture, PRODUCTS_ADJUST_STOCK, adjustment);
	}
}

static size_t product_index(const struct history *history, const struct uuid *id)
{
	for (size_t i = 0; i < PRODUCTS; i++) {
		if (uuid_equal(&history->products[i], id))
			return i;
	}
	fail_msg("a product that nobody made");
	return 0;
}

static void count_adjustments(struct history *history, const struct message *messages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct products_adjust_stock *adjustment = messages[i].body;

		if (messages[i].type == PRODUCTS_ADJUST_STOCK && history->fixture.decisions[i].status == OK)
			history->adjusted[product_index(history, &adjustment->id)] += adjustment->delta;
	}
}

static void assert_conserved(struct history *history)
{
	int64_t held[PRODUCTS] = {0}, sold[PRODUCTS] = {0};

	for (size_t i = 0; i < ORDERS; i++) {
		const struct reservation *seen = fixture_reservation(&history->fixture, &history->orders[i]->order_id);

		for (size_t line = 0; seen != NULL && line < seen->line_count; line++) {
			size_t product = product_index(history, &seen->lines[line].product_id);

			held[product] += seen->state == RESERVATION_HELD ? seen->lines[line].quantity : 0;
			sold[product] += seen->state == RESERVATION_SOLD ? seen->lines[line].quantity : 0;
		}
	}
	for (size_t i = 0; i < PRODUCTS; i++) {
		const struct product *product = fixture_find(&history->fixture, &history->products[i]);

		assert_int_equal(product->on_hand, INITIAL + history->adjusted[i] - sold[i]);
		assert_int_equal(product->reserved, held[i]);
		assert_in_range(product->reserved, 0, product->on_hand);
	}
}

static void assert_level(struct history *history, const struct stock_level *level)
{
	const struct product *product = fixture_find(&history->fixture, &level->product_id);

	assert_true(level->sequence <= product->sequence);
	if (level->sequence < product->sequence)
		return;
	assert_int_equal(level->on_hand, product->on_hand);
	assert_int_equal(level->reserved, product->reserved);
}

static void assert_published_levels(struct history *history)
{
	for (size_t i = 0; i < history->fixture.output_count; i++) {
		const struct output *output = &history->fixture.outputs[i];
		const struct stock_event *event = output->body;

		if (output->type != STOCK_RESERVED && output->type != STOCK_RELEASED && output->type != STOCK_SOLD)
			continue;
		for (size_t level = 0; level < event->stock.count; level++)
			assert_level(history, &((const struct stock_level *)event->stock.items)[level]);
	}
}

static void conserves_stock_through_any_history(void **state)
{
	static struct history history;
	size_t counts[MESSAGE_COUNT] = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&history, seed * 0x9e3779b97f4a7c15u);
		for (size_t n = 0; n < BATCHES; n++) {
			struct message batch[BATCH_MAX];
			size_t count = 1 + draw(&history, BATCH_MAX);

			for (size_t i = 0; i < count; i++)
				batch[i] = any_message(&history);
			fixture_batch(&history.fixture, batch, count);
			count_adjustments(&history, batch, count);
			assert_conserved(&history);
			assert_published_levels(&history);
			for (size_t i = 0; i < history.fixture.output_count; i++)
				counts[history.fixture.outputs[i].type]++;
		}
		fixture_close(&history.fixture);
	}
	/* The histories contain everything that can happen. */
	assert_true(counts[STOCK_RESERVED] > 100 && counts[STOCK_REFUSED] > 100 && counts[STOCK_SOLD] > 100);
	assert_true(counts[STOCK_RELEASED] > 100 && counts[STOCK_ADJUSTED] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conserves_stock_through_any_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
