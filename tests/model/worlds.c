/* The worlds. Each is explored to its end. */
#include "world.h"

#include <string.h>

#include <stddef.h>

const struct world worlds[] = {
	{
		.name = "one order",
		.about = "every message comes twice, two crashes",
		.orders = 1,
		.stock = 1,
		.may_be_disabled = true,
		.cancels = {true},
		.repeats = true,
		.last = PHASE_OVERDUE,
		.crashes = 2,
		.doubles = EVERY,
		.lanes = 2,
	},
	{.name = NULL},
};

const struct world *world_named(const char *name)
{
	for (const struct world *world = worlds; world->name != NULL; world++)
		if (strcmp(world->name, name) == 0)
			return world;
	return NULL;
}
