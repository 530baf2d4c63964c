/* What an order holds: all of its lines, or none. Pure. */
#ifndef PRODUCTS_DOMAIN_RESERVATION_H
#define PRODUCTS_DOMAIN_RESERVATION_H

#include <stddef.h>

#include "products/domain/product.h"

/* ---- may it be reserved? ---- */

/* What an order asks of one product. */
struct demand {
	struct uuid product_id;
	const struct product *product; /* NULL: there is none */
	int64_t quantity;
};

enum demand_answer {
	DEMAND_MET,
	DEMAND_UNKNOWN,        /* there is no such product */
	DEMAND_WITHDRAWN,      /* it is not sold any more */
	DEMAND_OTHER_CURRENCY, /* its price is in another currency than the first line's */
	DEMAND_OUT_OF_STOCK
};

struct demand_decision {
	enum demand_answer answer;
	size_t line; /* the first that cannot be met */
};

/* Every line is held against one rule before the next rule is looked at, in the order of the enum: what will never
 * work is told before what may work tomorrow. `count` >= 1. No product may stand in two lines. */
struct demand_decision demand_check(const struct demand *demands, size_t count);

/* ---- the reservation ---- */

enum reservation_state {
	RESERVATION_HELD,
	RESERVATION_REFUSED,  /* remembered, so that what comes later about the order finds its answer */
	RESERVATION_RELEASED, /* also the tombstone that a release leaves when it overtakes its order */
	RESERVATION_SOLD
};
extern const char *const reservation_state_names[]; /* "held", "refused", "released", "sold", NULL */

struct reserved_line {
	struct uuid product_id;
	const char *name; /* name and price as they were when it was reserved: what the order will show and cost */
	int64_t quantity, unit_price_cents;
};

struct reservation {
	struct uuid order_id;
	enum reservation_state state;
	const struct reserved_line *lines; /* none where nothing was ever held */
	size_t line_count;
	const char *currency; /* NULL where there are no lines */
	int64_t total_cents;
	int64_t expires_at; /* when the order will end by itself; INT64_MIN: not known */
	int64_t updated_at;
	int64_t version;
};

/* Exact: 100 lines of 10,000 pieces at 10^9 stay below 2^53. */
int64_t reservation_total(const struct reserved_line *lines, size_t count);

#endif
