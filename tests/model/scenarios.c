/* The scenarios. Each is explored to its end. */
#include "tests/model/scenario.h"

#include <stddef.h>
#include <string.h>

const struct scenario scenarios[] = {
	{
		.name = "one order",
		.about = "every step separate",
		.orders = 1,
		.stock = 1,
		.cancels = {true},
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.duplicates = 1,
		.overlapping_timers = 1,
		.consumers = 1,
	},
	{
		.name = "again and again",
		.about = "every message twice, repeated requests, the buyer may be disabled",
		.orders = 1,
		.stock = 1,
		.may_be_disabled = true,
		.cancels = {true},
		.repeats = true,
		.last = PHASE_OVERDUE,
		.crashes = 2,
		.duplicates = UNLIMITED,
		.overlapping_timers = 1,
		.consumers = 2,
		.reduced = true,
	},
	{
		.name = "two orders, one piece",
		.about = "either may be cancelled",
		.orders = 2,
		.stock = 1,
		.cancels = {true, true},
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.overlapping_timers = 1,
		.consumers = 2,
		.reduced = true,
	},
	{
		.name = "two orders, duplicated",
		.about = "a crash and a duplicate",
		.orders = 2,
		.stock = 1,
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.duplicates = 1,
		.overlapping_timers = 1,
		.consumers = 2,
		.reduced = true,
	},
	{
		.name = "a disabled buyer",
		.about = "and another one, who may be disabled at any moment; one piece",
		.orders = 2,
		.stock = 1,
		.disabled = {false, true},
		.may_be_disabled = true,
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.overlapping_timers = 1,
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
		.duplicates = 1,
		.overlapping_timers = 1,
		.consumers = 2,
	},
	{
		.name = "a month later",
		.about = "inbox rows and ended reservations are deleted, two duplicates arrive",
		.orders = 1,
		.stock = 2,
		.last = PHASE_LATER,
		.duplicates = 2,
		.overlapping_timers = 1,
		.consumers = 1,
	},
	{
		.name = "dead-lettered",
		.about = "two events become dead letters",
		.orders = 1,
		.stock = 1,
		.cancels = {true},
		.last = PHASE_OVERDUE,
		.crashes = 1,
		.duplicates = 1,
		.dead_letters = 2,
		.overlapping_timers = 2,
		.consumers = 1,
		.reduced = true,
	},
	{
		.name = "in pairs",
		.about = "a batch may take two messages",
		.orders = 2,
		.stock = 1,
		.cancels = {true, true},
		.last = PHASE_OVERDUE,
		.duplicates = 1,
		.overlapping_timers = 1,
		.consumers = 1,
		.batches_of_two = true,
		.reduced = true,
	},
	{.name = NULL},
};

const struct scenario *scenario_named(const char *name)
{
	const struct scenario *scenario = scenarios;

	while (scenario->name != NULL && strcmp(scenario->name, name) != 0)
		scenario++;
	return scenario->name != NULL ? scenario : NULL;
}
