/* The worlds. Each is explored to its end. */
#include "tests/model/world.h"

#include <stddef.h>
#include <string.h>

const struct world worlds[] = {
	{
		.name = "one order",
		.about = "every step by itself",
		.orders = 1,
		.stock = 1,
		.cancels = {true},
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.doubles = 1,
		.rounds = 1,
		.consumers = 1,
	},
	{
		.name = "again and again",
		.about = "every message comes twice, the client asks twice, the buyer may be disabled",
		.orders = 1,
		.stock = 1,
		.may_be_disabled = true,
		.cancels = {true},
		.repeats = true,
		.last = PHASE_OVERDUE,
		.crashes = 2,
		.doubles = EVERY,
		.rounds = 1,
		.consumers = 2,
		.reduced = true,
	},
	{
		.name = "two orders, one piece",
		.about = "either may be called off",
		.orders = 2,
		.stock = 1,
		.cancels = {true, true},
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.rounds = 1,
		.consumers = 2,
		.reduced = true,
	},
	{
		.name = "two orders, doubled",
		.about = "a crash and a double",
		.orders = 2,
		.stock = 1,
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.doubles = 1,
		.rounds = 1,
		.consumers = 2,
		.reduced = true,
	},
	{
		.name = "a disabled buyer",
		.about = "and another, who may be disabled at any moment, for one piece",
		.orders = 2,
		.stock = 1,
		.disabled = {false, true},
		.may_be_disabled = true,
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.rounds = 1,
		.consumers = 2,
		.reduced = true,
	},
	{
		.name = "no such product",
		.about = "no row to lock: two consumers meet in a reservation that is not there",
		.orders = 1,
		.stock = UNKNOWN_PRODUCT,
		.cancels = {true},
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.doubles = 1,
		.rounds = 1,
		.consumers = 2,
	},
	{
		.name = "a month later",
		.about = "inboxes and ended reservations are forgotten, two doubles turn up",
		.orders = 1,
		.stock = 2,
		.last = PHASE_LATER,
		.doubles = 2,
		.rounds = 1,
		.consumers = 1,
	},
	{
		.name = "put aside",
		.about = "two events end among the dead letters",
		.orders = 1,
		.stock = 1,
		.cancels = {true},
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.doubles = 1,
		.dead = 2,
		.rounds = 2,
		.consumers = 1,
		.reduced = true,
	},
	{
		.name = "in pairs",
		.about = "a turn may take two messages",
		.orders = 2,
		.stock = 1,
		.cancels = {true, true},
		.last = PHASE_OVERDUE,
		.doubles = 1,
		.rounds = 1,
		.consumers = 1,
		.pairs = true,
		.reduced = true,
	},
	{.name = NULL},
};

const struct world *world_named(const char *name)
{
	const struct world *world = worlds;

	while (world->name != NULL && strcmp(world->name, name) != 0)
		world++;
	return world->name != NULL ? world : NULL;
}
