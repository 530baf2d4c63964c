/* The fixture for tests of decisions: one unit of work, one clock, some callers, and the messages that an order gets.
 */
#ifndef ORDERS_TESTS_FIXTURE_H
#define ORDERS_TESTS_FIXTURE_H

#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "proto/messages.h"

struct fixture {
	struct arena arena;
	struct unit *unit;
	int64_t now_us;
	unsigned char messages;          /* number of decided messages, and the last byte of their ids */
	struct decision_result decision; /* of the last message */
	size_t published_before;         /* outputs before the last message */
};

enum { APPLE, PEAR, PRODUCTS };

extern const struct caller ALICE, BOB, ADMIN, NOBODY;

/* cmocka's set-up and tear-down: *state is a struct fixture. */
int fixture_open(void **state);
int fixture_close(void **state);
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

struct uuid product(int which);

/* Decides a message; the clock moves on by a second first. */
enum status decide(struct fixture *fixture, decide_function *decision, struct message message);

/* ORDERS_PLACE of these products, two of each. */
enum status place_products(struct fixture *fixture, struct caller caller, const int *products, size_t count);
/* Alice's order of two apples and two pears; its id. */
struct uuid place(struct fixture *fixture);
enum status cancel(struct fixture *fixture, struct uuid order_id, struct caller caller);
/* Decides the message that reports this event of the saga. CANCEL: Alice cancels the order. */
enum status receive(struct fixture *fixture, struct uuid order_id, enum saga_event event);
/* Places an order and leads it into `state`. */
struct uuid order_in(struct fixture *fixture, enum order_state state);

const struct order *order_of(struct fixture *fixture, struct uuid order_id);
/* What the last decision published: how many events, and the first of them (NULL: none). */
size_t published_count(const struct fixture *fixture);
const struct output *published(const struct fixture *fixture);
/* The order's deadline; INT64_MIN: cleared or never set. */
int64_t deadline_of(struct fixture *fixture, struct uuid order_id);

void assert_same_id(struct uuid a, struct uuid b);

#endif
