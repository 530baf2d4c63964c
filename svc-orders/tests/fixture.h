/* A scene for tests of decisions: one unit, one clock, a few callers, and whatever the world tells an order. */
#ifndef ORDERS_TESTS_FIXTURE_H
#define ORDERS_TESTS_FIXTURE_H

#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "proto/messages.h"

struct scene {
	struct arena arena;
	struct unit *unit;
	int64_t now_us;
	unsigned char messages;          /* so many were decided: the last byte of the next one's id */
	struct decision_result decision; /* of the last one */
	size_t said_before;              /* outputs before the last one */
};

enum { APPLE, PEAR, PRODUCTS };

extern const struct caller ALICE, BOB, ADMIN, NOBODY;

/* cmocka's set-up and tear-down: *state is a struct scene. */
int scene_open(void **state);
int scene_close(void **state);
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

struct uuid product(int which);

/* Decides a message; the clock moves on by a second first. */
enum status decide(struct scene *scene, decide_function *decision, struct message message);

/* ORDERS_PLACE of these products, two of each. */
enum status ask_for(struct scene *scene, struct caller caller, const int *products, size_t count);
/* Alice's order of two apples and two pears; its id. */
struct uuid place(struct scene *scene);
enum status cancel(struct scene *scene, struct uuid order_id, struct caller caller);
/* Tells the order what happened, by the message that says so in life. CANCEL: Alice cancels it. */
enum status tell(struct scene *scene, struct uuid order_id, enum saga_event event);
/* Places an order and leads it into `state`. */
struct uuid order_in(struct scene *scene, enum order_state state);

const struct order *order_of(struct scene *scene, struct uuid order_id);
/* What the last decision published: how many events, and the first of them (NULL: none). */
size_t said_count(const struct scene *scene);
const struct output *said(const struct scene *scene);
/* The order's deadline as decided so far; INT64_MIN: cleared, or never set. */
int64_t deadline_of(struct scene *scene, struct uuid order_id);

void assert_same_id(struct uuid a, struct uuid b);

#endif
