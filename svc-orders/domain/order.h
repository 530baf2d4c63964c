/* The order: what it is made of, and the rules that need nothing but the order itself. */
#ifndef ORDERS_DOMAIN_ORDER_H
#define ORDERS_DOMAIN_ORDER_H

#include "comanda/unit.h"
#include "orders/domain/saga.h"

struct order_item {
	struct uuid product_id;
	int64_t quantity;
	const char *name;         /* NULL until products holds the goods */
	int64_t unit_price_cents; /* INT_ABSENT until then */
};

/* Why an order ended otherwise than confirmed. */
struct end_reason {
	const char *code;       /* NULL: there is none */
	const char *detail;     /* for people */
	struct uuid product_id; /* nil: not about one product */
};

/* One line of an order's history: an event that it told, or was told while it was open. */
struct order_step {
	struct uuid event_id;
	const char *event; /* "order.placed" */
	int64_t at_us;
	int64_t sequence; /* of the event: the version of what it is about */
};

/* It is placed, users and products answer once each, it ends: no order has a longer history. */
enum { ORDER_STEPS_MAX = 4 };

/* The aggregate. `items` is replaced as a whole, never changed in place. */
struct order {
	struct uuid id, user_id;
	enum order_state state;
	int64_t version; /* 1 when placed; every step of the saga adds one */
	int64_t created_us, updated_us, expires_us;
	const char *note; /* NULL: none */
	const struct order_item *items;
	size_t item_count;
	int64_t total_cents;  /* minor units; INT_ABSENT until products holds the goods */
	const char *currency; /* ISO 4217; NULL until then */
	struct end_reason reason;
	struct order_step steps[ORDER_STEPS_MAX];
	size_t step_count;
};

/* What products asks for the goods. `items` is in any order, with names and prices. */
struct order_prices {
	const struct order_item *items;
	size_t item_count;
	int64_t total_cents;
	const char *currency;
};

/* The place of the first item whose product stands in an earlier item already; `count` where there is none. */
size_t order_repeated_item(const struct order_item *items, size_t count);

/* Takes over names and prices. What an ended order says is final: that one is left as it is. False, with nothing
 * changed, where an item has no price. The new items live in `arena`. */
bool order_price(struct order *order, const struct order_prices *prices, struct arena *arena);

/* Gives the reason for an end that is about to come. */
void order_explain(struct order *order, const struct end_reason *reason);
/* The reason of an order that its deadline finds open: says who has not answered. */
struct end_reason order_deadline_reason(const struct order *order);

/* Writes down an event in the order's history. */
void order_remember(struct order *order, const struct order_step *step);
/* Is this event in it? */
bool order_heard(const struct order *order, const struct uuid *event_id);

/* The order as it was when it was placed: what its first event said. */
struct order order_as_placed(const struct order *order);

/* Its owner and admins may see and cancel it; to others it does not exist. */
bool order_visible_to(const struct order *order, const struct caller *caller);

#endif
