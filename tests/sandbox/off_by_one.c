/* A rule that was changed by mistake: the last piece of everything is kept back. Linked into a `comanda` of its own, in
 * place of the true rule, for a sandbox to find. */
#include "products/domain/reservation.h"

/* The linker's own names: ld(1), --wrap. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
struct demand_decision __real_demand_check(const struct demand *demands, size_t count);
struct demand_decision __wrap_demand_check(const struct demand *demands, size_t count);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

struct demand_decision __wrap_demand_check(const struct demand *demands, size_t count)
{
	const struct demand_decision decision = __real_demand_check(demands, count);

	for (size_t i = 0; decision.answer == DEMAND_MET && i < count; i++)
		if (demands[i].quantity == product_available(demands[i].product))
			return (struct demand_decision){.answer = DEMAND_OUT_OF_STOCK, .line = i};
	return decision;
}
