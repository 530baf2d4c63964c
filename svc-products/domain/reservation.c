/* The rules of reserving: each is one question about one line. */
#include "products/domain/reservation.h"

#include <assert.h>
#include <string.h>

const char *const reservation_state_names[] = {"held", "refused", "released", "sold", NULL};

static bool exists(const struct demand *demand, const struct demand *first)
{
	(void)first;
	return demand->product != NULL;
}

static bool still_sold(const struct demand *demand, const struct demand *first)
{
	(void)first;
	return !demand->product->withdrawn;
}

static bool same_currency(const struct demand *demand, const struct demand *first)
{
	return strcmp(demand->product->currency, first->product->currency) == 0;
}

static bool in_stock(const struct demand *demand, const struct demand *first)
{
	(void)first;
	return demand->quantity <= product_available(demand->product);
}

/* In this order; the rules after the first may rely on the product being there. */
static const struct {
	enum demand_answer otherwise;
	bool (*holds)(const struct demand *demand, const struct demand *first);
} rules[] = {
	{DEMAND_UNKNOWN, exists},
	{DEMAND_WITHDRAWN, still_sold},
	{DEMAND_OTHER_CURRENCY, same_currency},
	{DEMAND_OUT_OF_STOCK, in_stock},
};

struct demand_decision demand_check(const struct demand *demands, size_t count)
{
	assert(count > 0);
	for (size_t rule = 0; rule < sizeof(rules) / sizeof(rules[0]); rule++) {
		for (size_t line = 0; line < count; line++) {
			if (!rules[rule].holds(&demands[line], &demands[0]))
				return (struct demand_decision){.answer = rules[rule].otherwise, .line = line};
		}
	}
	return (struct demand_decision){.answer = DEMAND_MET};
}

int64_t reservation_total(const struct reserved_line *lines, size_t count)
{
	int64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += lines[i].quantity * lines[i].unit_price_cents;
	return total;
}
