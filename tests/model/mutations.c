/* The list of mutations. */
#include "tests/model/mutations.h"

#include <stddef.h>

#include "proto/messages.h"
#include "tests/model/mutants.h"

#define RUNTIME(name_, runtime_mutation_, scenario_, rule_)                                                            \
	{                                                                                                              \
		.name = (name_), .runtime_mutation = (runtime_mutation_), .scenario = (scenario_),                     \
		.caught_by = (rule_)                                                                                   \
	}
#define DECISION(service_, type_, decide_, scenario_, rule_)                                                           \
	{                                                                                                              \
		.name = #decide_, .replaced = {{.decide = (decide_), .service = (service_), .type = (type_)}},         \
		.scenario = (scenario_), .caught_by = (rule_)                                                          \
	}

const struct mutation no_mutation = {.name = "none"};

/* clang-format off */
const struct mutation mutations[] = {
	/* the runtime around the decisions */
	RUNTIME("events are not checked for duplicates",                     MUTATE_NO_EVENT_INBOX,        "one order",    RULE_EFFECT_ONCE),
	RUNTIME("every event is taken for idempotent",        MUTATE_ALL_IDEMPOTENT,        "dead-lettered",    RULE_EFFECT_ONCE),
	RUNTIME("answers are not recorded",                   MUTATE_NO_COMMAND_INBOX,      "again and again", RULE_ONE_KEY_ONE_ORDER),
	RUNTIME("an answer is recorded over another",         MUTATE_NO_COLLISION,          "again and again", RULE_ONE_KEY_ONE_ORDER),
	RUNTIME("one id twice in a batch is decided twice",    MUTATE_NO_DUPLICATE_IN_BATCH,              "in pairs",     RULE_EFFECT_ONCE),
	RUNTIME("published before the commit",                MUTATE_PUBLISH_BEFORE_COMMIT, "one order",    RULE_NO_DEAD_LETTER),
	RUNTIME("acknowledged before the commit",             MUTATE_ACK_BEFORE_COMMIT,     "one order",    RULE_NOTHING_LOST),
	RUNTIME("answered before the commit",                 MUTATE_REPLY_BEFORE_COMMIT,    "one order",    RULE_ACCEPTED_ORDER_EXISTS),
	RUNTIME("events are kept in memory, not in the outbox", MUTATE_OUTBOX_IN_MEMORY,    "one order",    RULE_NOTHING_LOST),
	RUNTIME("outbox row deleted before the confirm",      MUTATE_DELETE_BEFORE_CONFIRM, "one order",    RULE_NOTHING_LOST),
	RUNTIME("answer acknowledged before the confirm",     MUTATE_ACK_BEFORE_CONFIRM,    "one order",    RULE_NOTHING_LOST),
	RUNTIME("deadlines are not armed again",              MUTATE_NO_REARM,              "one order",    RULE_NOTHING_STUCK),
	RUNTIME("deadlines are written after the commit",     MUTATE_DEADLINE_APART,        "one order",    RULE_NOTHING_STUCK),
	RUNTIME("a save does not count its rows",             MUTATE_NO_ROW_COUNT,          "no such product", RULE_DECIDED_ON_CURRENT_ROWS),
	RUNTIME("rows are read without a lock: stock",        MUTATE_NO_LOCKS,              "two orders, one piece", RULE_STOCK_CONSERVED),
	RUNTIME("rows are read without a lock: orders",       MUTATE_NO_LOCKS,              "two orders, one piece", RULE_END_IS_FINAL),
	RUNTIME("new ids whenever it is decided",             MUTATE_FRESH_IDS,             "one order",    RULE_ONE_ANSWER),

	/* decisions of svc-products */
	DECISION(SERVICE_PRODUCTS, ORDER_CANCELLED, leave_no_tombstone,          "one order",    RULE_END_IS_PROCESSED),
	DECISION(SERVICE_PRODUCTS, ORDER_CANCELLED, release_again,               "one order",    RULE_STOCK_IN_BOUNDS),
	DECISION(SERVICE_PRODUCTS, ORDER_CANCELLED, release_what_was_never_held, "one order",    RULE_STOCK_IN_BOUNDS),
	DECISION(SERVICE_PRODUCTS, ORDER_PLACED, reserve_again,                     "one order",    RULE_EFFECT_ONCE),
	DECISION(SERVICE_PRODUCTS, ORDER_PLACED, reserve_what_is_not_there,      "two orders, one piece", RULE_STOCK_IN_BOUNDS),
	DECISION(SERVICE_PRODUCTS, ORDER_PLACED, reserve_without_deadline,       "dead-lettered",    RULE_NOTHING_STUCK),
	DECISION(SERVICE_PRODUCTS, ORDER_PLACED, reserve_after_the_order_expired, "a month later", RULE_STOCK_CONSERVED),
	DECISION(SERVICE_PRODUCTS, ORDER_CONFIRMED, sell_again,                  "dead-lettered",    RULE_STOCK_CONSERVED),
	DECISION(SERVICE_PRODUCTS, RESERVATION_DEADLINE, ask_nothing_when_overdue, "dead-lettered",  RULE_END_REACHABLE),

	/* decisions of svc-orders and svc-users */
	DECISION(SERVICE_ORDERS, ORDERS_PLACE, place_without_deadline,           "one order",    RULE_NOTHING_STUCK),
	DECISION(SERVICE_ORDERS, ORDERS_CANCEL, cancel_after_the_end,            "one order",    RULE_END_IS_FINAL),
	DECISION(SERVICE_ORDERS, USER_VERIFIED, clear_deadline_too_early,        "one order",    RULE_NOTHING_STUCK),
	DECISION(SERVICE_ORDERS, USER_VERIFIED, confirm_on_the_buyer_alone,      "one order",    RULE_CONFIRMED_BY_BOTH),
	DECISION(SERVICE_ORDERS, STOCK_RESERVED, confirm_on_the_goods_alone,     "one order",    RULE_CONFIRMED_BY_BOTH),
	DECISION(SERVICE_ORDERS, STOCK_RESERVED, repeat_the_end_for_each_event,  "one order",    RULE_EFFECT_ONCE),
	DECISION(SERVICE_ORDERS, USER_REFUSED, reject_without_event,                "a disabled buyer", RULE_NOTHING_LOST),
	DECISION(SERVICE_ORDERS, RESERVATION_OVERDUE, ignore_overdue,            "dead-lettered",    RULE_END_REACHABLE),
	DECISION(SERVICE_USERS, ORDER_PLACED, verify_everybody,                  "a disabled buyer", RULE_CONFIRMED_BY_BOTH),

	/* Goods reserved after the end of an order get the end again. Tombstones prevent such a reservation, and an overdue
	 * reservation asks. So only two mutations together break a rule. */
	{"an end is not published again, and leaves no tombstone", "one order", RULE_NOTHING_LOST, MUTATE_NOTHING,
	 {{ignore_goods_after_the_end, SERVICE_ORDERS, STOCK_RESERVED},
	  {leave_no_tombstone, SERVICE_PRODUCTS, ORDER_CANCELLED}}},
	{"an end is published once", "dead-lettered", RULE_END_REACHABLE, MUTATE_NOTHING,
	 {{ignore_goods_after_the_end, SERVICE_ORDERS, STOCK_RESERVED},
	  {ignore_overdue, SERVICE_ORDERS, RESERVATION_OVERDUE}}},
	{.name = NULL},
};
/* clang-format on */
