/* For tests: svc-products without a broker and a database. A turn loads what the messages' keys name, decides them one
 * after the other in one unit, and saves what changed; nothing else is seen from one turn to the next. */
#ifndef PRODUCTS_TESTS_FIXTURE_H
#define PRODUCTS_TESTS_FIXTURE_H

#include "products/usecases/catalogue.h"
#include "products/usecases/reservations.h"

enum { SHOP_ROWS = 8192, SHOP_TOLD = 512 };

struct shop_row {
	const struct aggregate *kind;
	struct uuid id;
	void *data;
};

struct shop {
	struct arena arena;
	struct shop_row *rows;
	size_t row_count;
	unsigned made; /* ids handed out */
	int64_t now_us;
	struct caller caller;
	/* of the last turn */
	struct decision_result decisions[SHOP_TOLD];
	const struct output *outputs;
	size_t output_count;
	const struct deadline *deadlines;
	size_t deadline_count;
};

void shop_open(struct shop *shop); /* the caller is an admin */
void shop_close(struct shop *shop);

struct uuid shop_id(struct shop *shop);
/* Puts a product on the shelf that costs 100 in USD; returns it, to be changed before the first turn if need be. */
struct product *shop_product(struct shop *shop, const char *sku, int64_t on_hand);
/* What is saved; NULL where nothing is. */
const struct product *shop_find(struct shop *shop, const struct uuid *id);
/* The same, to be changed behind the service's back. */
struct product *shop_change(struct shop *shop, const struct uuid *id);
const struct reservation *shop_reservation(struct shop *shop, const struct uuid *order_id);

/* An order that expires in ten minutes: pairs of a product and a quantity. */
struct order_event *shop_order(struct shop *shop, size_t count, const struct uuid *products, const int64_t *quantities);
struct order_event *shop_order_one(struct shop *shop, const struct uuid *product, int64_t quantity);

struct message shop_message(struct shop *shop, int type, const void *body);
void shop_turn(struct shop *shop, const struct message *messages, size_t count);
/* A turn of one message; returns its status. */
enum status shop_tell(struct shop *shop, int type, const void *body);
/* The only event of the last turn; fails the test where it is none of `type` or there are more. */
const void *shop_only_event(struct shop *shop, int type);

#endif
