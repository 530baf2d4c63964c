/* The order saga: every order walks from PENDING to one of four ends, and there it stays.
 *
 * The walk is one table (saga.c). A (state, event) pair that is not in it is stale: it changes nothing. The README's
 * diagram is drawn from the same table (saga_diagram.c). */
#ifndef ORDERS_DOMAIN_SAGA_H
#define ORDERS_DOMAIN_SAGA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stored as numbers: never renumber. The ends come last. */
enum order_state { PENDING, USER_KNOWN, STOCK_HELD, CONFIRMED, REJECTED, EXPIRED, CANCELLED };
enum { ORDER_STATES = CANCELLED + 1 };

/* What an order can be told. */
enum saga_event {
	USER_OK,  /* users: may buy */
	USER_NO,  /* users: may not */
	STOCK_OK, /* products: the goods are held */
	STOCK_NO, /* products: they cannot be */
	DEADLINE, /* the order's time is up */
	CANCEL,   /* its owner, or an admin, no longer wants it */
	OVERDUE   /* products: this reservation outlived its order; what became of that? */
};
enum { SAGA_EVENTS = OVERDUE + 1 };

/* What the world is told then. */
enum saga_say { SAY_NOTHING, SAY_CONFIRMED, SAY_REJECTED, SAY_EXPIRED, SAY_CANCELLED };

struct saga_rule {
	enum order_state in;
	enum saga_event told;
	enum order_state become;
	enum saga_say say;
};

extern const struct saga_rule saga_rules[];
extern const size_t saga_rule_count;

/* For people: "PENDING", "user.verified", "order.confirmed" (NULL for SAY_NOTHING). */
extern const char *const order_state_names[];
extern const char *const saga_event_names[];
extern const char *const saga_say_names[];

/* The rule for this pair; NULL: it is stale. */
const struct saga_rule *saga_rule_for(enum order_state state, enum saga_event told);

/* No rule leads out of an end. */
bool saga_ended(enum order_state state);

struct order;

/* Tells the order something: takes the step that the table allows, or none. A step to another state bumps the order's
 * version. This is the only place where an order's state changes. Returns the rule; NULL: stale, nothing changed. */
const struct saga_rule *saga_step(struct order *order, enum saga_event told, int64_t now_us);

#endif
