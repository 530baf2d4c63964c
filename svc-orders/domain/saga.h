/* The order saga: every order goes from PENDING to one of four final states.
 *
 * The transitions are one table (saga.c). A (state, event) pair that is not in the table is stale: it changes nothing.
 * saga_diagram.c prints the same table as the diagram in the README. */
#ifndef ORDERS_DOMAIN_SAGA_H
#define ORDERS_DOMAIN_SAGA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stored as numbers: never renumber. The final states come last. */
enum order_state { PENDING, USER_KNOWN, STOCK_HELD, CONFIRMED, REJECTED, EXPIRED, CANCELLED };
enum { ORDER_STATES = CANCELLED + 1 };

/* What can happen to an order. */
enum saga_event {
	USER_OK,  /* svc-users: the buyer may buy */
	USER_NO,  /* svc-users: the buyer may not */
	STOCK_OK, /* svc-products: the stock is reserved */
	STOCK_NO, /* svc-products: the stock cannot be reserved */
	DEADLINE, /* the order's deadline has passed */
	CANCEL,   /* its owner or an admin cancels it */
	OVERDUE   /* svc-products: a reservation is still held after the order's deadline */
};
enum { SAGA_EVENTS = OVERDUE + 1 };

/* The event that a transition publishes. */
enum saga_publication { PUBLISH_NOTHING, PUBLISH_CONFIRMED, PUBLISH_REJECTED, PUBLISH_EXPIRED, PUBLISH_CANCELLED };

struct saga_rule {
	enum order_state state;
	enum saga_event event;
	enum order_state next; /* the same state: the order stays as it is, and its event is published again */
	enum saga_publication publish;
};

extern const struct saga_rule saga_rules[];
extern const size_t saga_rule_count;

/* Names for people: "PENDING", "user.verified", "order.confirmed" (NULL for PUBLISH_NOTHING). */
extern const char *const order_state_names[];
extern const char *const saga_event_names[];
extern const char *const saga_publication_names[];

/* The rule for this pair; NULL: the pair is stale. */
const struct saga_rule *saga_rule_for(enum order_state state, enum saga_event event);

/* Whether the state is final: no rule leads out of it. */
bool saga_ended(enum order_state state);

struct order;

/* Applies an event to the order: makes the transition that the table allows, or none. A transition to another state
 * adds one to the order's version. This is the only place that changes an order's state. Returns the rule; NULL: the
 * event is stale, and nothing changed. */
const struct saga_rule *saga_apply(struct order *order, enum saga_event event, int64_t now_us);

#endif
