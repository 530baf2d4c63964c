/* For tests: svc-products without a broker and a database. A turn loads what the messages' keys name, decides them one
 * after the other in one unit, and saves what changed; nothing else is seen from one turn to the next. */
#ifndef PRODUCTS_TESTS_FIXTURE_H
#define PRODUCTS_TESTS_FIXTURE_H

#include "products/usecases/catalogue.h"
#include "products/usecases/reservations.h"

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
	/* of the last turn */
	struct decision_result decisions[FIXTURE_MESSAGES];
	const struct output *outputs;
	size_t output_count;
	const struct deadline *deadlines;
	size_t deadline_count;
};

void fixture_open(struct fixture *fixture); /* the caller is an admin */
void fixture_close(struct fixture *fixture);

struct uuid fixture_id(struct fixture *fixture);
/* Puts a product on the shelf that costs 100 in USD; returns it, to be changed before the first turn if need be. */
struct product *fixture_product(struct fixture *fixture, const char *sku, int64_t on_hand);
/* What is saved; NULL where nothing is. */
const struct product *fixture_find(struct fixture *fixture, const struct uuid *id);
/* The same, to be changed behind the service's back. */
struct product *fixture_change(struct fixture *fixture, const struct uuid *id);
const struct reservation *fixture_reservation(struct fixture *fixture, const struct uuid *order_id);

/* An order that expires in ten minutes: pairs of a product and a quantity. */
struct order_event *fixture_order(struct fixture *fixture, size_t count, const struct uuid *products,
				  const int64_t *quantities);
struct order_event *fixture_order_one(struct fixture *fixture, const struct uuid *product, int64_t quantity);

struct message fixture_message(struct fixture *fixture, int type, const void *body);
void fixture_batch(struct fixture *fixture, const struct message *messages, size_t count);
/* A turn of one message; returns its status. */
enum status fixture_decide(struct fixture *fixture, int type, const void *body);
/* The only event of the last turn; fails the test where it is none of `type` or there are more. */
const void *fixture_only_event(struct fixture *fixture, int type);

#endif
