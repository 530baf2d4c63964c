/* The fixture for tests of decisions: svc-products with rows in memory, without a broker and a database.
 *
 * A batch loads what the keys of its messages name, decides the messages in one unit of work, and saves what changed.
 * The rows are all that one batch leaves to the next. */
#ifndef PRODUCTS_TESTS_FIXTURE_H
#define PRODUCTS_TESTS_FIXTURE_H

#include "products/usecases/decisions.h"

enum { FIXTURE_ROWS = 8192, FIXTURE_MESSAGES = 512 };

struct fixture_row {
	const struct aggregate *kind;
	struct uuid id;
	void *data;
};

struct fixture {
	struct arena arena;
	struct fixture_row *rows;
	size_t row_count;
	unsigned made; /* ids handed out */
	int64_t now_us;
	struct caller caller;
	/* of the last batch */
	struct decision_result decisions[FIXTURE_MESSAGES];
	const struct output *outputs;
	size_t output_count;
	const struct deadline *deadlines;
	size_t deadline_count;
};

void fixture_open(struct fixture *fixture); /* the caller is an admin */
void fixture_close(struct fixture *fixture);

struct uuid fixture_id(struct fixture *fixture);
/* Adds a product that costs 100 cents in USD. The test may change it before the first batch. */
struct product *fixture_product(struct fixture *fixture, const char *sku, int64_t on_hand);
/* The saved product; NULL: there is none. */
const struct product *fixture_find(struct fixture *fixture, const struct uuid *id);
/* The same, for a change that no decision makes. */
struct product *fixture_change(struct fixture *fixture, const struct uuid *id);
const struct reservation *fixture_reservation(struct fixture *fixture, const struct uuid *order_id);

/* An order that expires in ten minutes: pairs of a product and a quantity. */
struct order_event *fixture_order(struct fixture *fixture, size_t count, const struct uuid *products,
				  const int64_t *quantities);
struct order_event *fixture_order_one(struct fixture *fixture, const struct uuid *product, int64_t quantity);

struct message fixture_message(struct fixture *fixture, int type, const void *body);
void fixture_batch(struct fixture *fixture, const struct message *messages, size_t count);
/* A batch of one message; returns its status. */
enum status fixture_decide(struct fixture *fixture, int type, const void *body);
/* The data of the only event of the last batch; fails the test if it is not of `type` or not the only one. */
const void *fixture_only_event(struct fixture *fixture, int type);

#endif
