/* The order: its data, and the rules that need nothing but the order. */
#ifndef ORDERS_DOMAIN_ORDER_H
#define ORDERS_DOMAIN_ORDER_H

#include "comanda/unit.h"
#include "orders/domain/saga.h"

struct order_item {
	struct uuid product_id;
	int64_t quantity;
	const char *name;         /* NULL until products has reserved the stock */
	int64_t unit_price_cents; /* INT_ABSENT until then */
};

/* Why an order ended without being confirmed. */
struct end_reason {
	const char *code;       /* NULL: no reason */
	const char *detail;     /* for people */
	struct uuid product_id; /* nil: not about one product */
};

/* One line of an order's history: an event that the order published, or received while it was pending. */
struct history_entry {
	struct uuid event_id;
	const char *event; /* "order.placed" */
	int64_t at_us;
	int64_t sequence; /* of the event: the version of its subject */
};

/* The longest history: placed, one answer of users, one of products, the end. */
enum { HISTORY_MAX = 4 };

/* The aggregate. `items` is replaced as a whole, never changed in place. */
struct order {
	struct uuid id, user_id;
	enum order_state state;
	int64_t version; /* 1 when placed; every transition adds one */
	int64_t created_us, updated_us, expires_us;
	const char *note; /* NULL: none */
	const struct order_item *items;
	size_t item_count;
	int64_t total_cents;  /* minor units; INT_ABSENT until products has reserved the stock */
	const char *currency; /* ISO 4217; NULL until then */
	struct end_reason reason;
	struct history_entry history[HISTORY_MAX];
	size_t history_count;
};

/* What products charges. `items` is in any order, with names and prices. */
struct order_prices {
	const struct order_item *items;
	size_t item_count;
	int64_t total_cents;
	const char *currency;
};

/* The index of the first item whose product is in an earlier item as well; `count`: there is none. */
size_t order_repeated_item(const struct order_item *items, size_t count);

/* Copies names and prices into the order. An ended order is final, so it stays as it is. False: an item has no price,
 * and nothing is changed. The new items live in `arena`. */
bool order_price(struct order *order, const struct order_prices *prices, struct arena *arena);

/* Sets the reason of the end that the same decision makes. An ended order keeps its reason. */
void order_explain(struct order *order, const struct end_reason *reason);
/* The reason of an order that is pending at its deadline: it names the service that has not answered. */
struct end_reason order_deadline_reason(const struct order *order);

/* Adds an event to the order's history. */
void order_add_history(struct order *order, const struct history_entry *entry);
/* Whether the event is in the history. */
bool order_history_has(const struct order *order, const struct uuid *event_id);

/* The order as it was when it was placed: the data of its first event. */
struct order order_as_placed(const struct order *order);

/* Whether the caller may see and cancel the order: its owner and admins may. For others it does not exist. */
bool order_visible_to(const struct order *order, const struct caller *caller);

#endif
