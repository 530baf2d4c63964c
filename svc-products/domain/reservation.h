/* The reservation of an order: all of its lines, or none. */
#ifndef PRODUCTS_DOMAIN_RESERVATION_H
#define PRODUCTS_DOMAIN_RESERVATION_H

#include <stddef.h>

#include "products/domain/product.h"

/* ---- the check ---- */

/* One line of an order, with its product. */
struct demand {
	struct uuid product_id;
	const struct product *product; /* NULL: there is no such product */
	int64_t quantity;
};

enum demand_answer {
	DEMAND_MET,
	DEMAND_UNKNOWN,        /* there is no such product */
	DEMAND_WITHDRAWN,      /* it is no longer sold */
	DEMAND_OTHER_CURRENCY, /* its currency differs from the currency of the first line */
	DEMAND_OUT_OF_STOCK
};

struct demand_decision {
	enum demand_answer answer;
	size_t line; /* the first line that cannot be met */
};

/* Checks all lines by one rule before the next rule, in the sequence of the enum. So a permanent reason comes before
 * one that may end, such as empty stock. `count` >= 1. No product may be in two lines. */
struct demand_decision demand_check(const struct demand *demands, size_t count);

/* ---- the reservation ---- */

enum reservation_state {
	RESERVATION_HELD,
	RESERVATION_REFUSED,  /* kept, so that a repeated order.placed finds its answer */
	RESERVATION_RELEASED, /* also a tombstone: the order's end came before its order.placed */
	RESERVATION_SOLD
};
extern const char *const reservation_state_names[]; /* "held", "refused", "released", "sold", NULL */

struct reserved_line {
	struct uuid product_id;
	const char *name; /* name and price at the time of the reservation: what the order shows and costs */
	int64_t quantity, unit_price_cents;
};

struct reservation {
	struct uuid order_id;
	enum reservation_state state;
	const struct reserved_line *lines; /* none if nothing was reserved */
	size_t line_count;
	const char *currency; /* NULL if there are no lines */
	int64_t total_cents;
	int64_t expires_at; /* the order's deadline; INT_ABSENT: not known */
	int64_t updated_at;
	int64_t version;
};

/* Exact: 100 lines of 10,000 pieces at 10^9 stay below 2^53, the limit of a JSON number. */
int64_t reservation_total(const struct reserved_line *lines, size_t count);

#endif
