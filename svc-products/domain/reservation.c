/* The rules of a reservation. Each rule checks one line. */
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

/* In this sequence. The rules after the first may rely on an existing product. */
static const struct {
	enum demand_answer otherwise;
	bool (*holds)(const struct demand *demand, const struct demand *first);
} rules[] = {
	{.otherwise = DEMAND_UNKNOWN, .holds = exists},
	{.otherwise = DEMAND_WITHDRAWN, .holds = still_sold},
	{.otherwise = DEMAND_OTHER_CURRENCY, .holds = same_currency},
	{.otherwise = DEMAND_OUT_OF_STOCK, .holds = in_stock},
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
