/* The list of mutations. */
#include "tests/model/mutations.h"

#include <stddef.h>

#include "proto/messages.h"
#include "tests/model/mutants.h"

#define RUNTIME(name_, twist_, world_, rule_)                                                                          \
	{                                                                                                              \
		.name = (name_), .twist = (twist_), .world = (world_), .caught_by = (rule_)                            \
	}
#define DECISION(side_, type_, decide_, world_, rule_)                                                                 \
	{                                                                                                              \
		.name = #decide_, .replaced = {{.decide = (decide_), .side = (side_), .type = (type_)}},               \
		.world = (world_), .caught_by = (rule_)                                                                \
	}

const struct mutation no_mutation = {.name = "none"};

/* clang-format off */
const struct mutation mutations[] = {
	/* what the runtime does around decisions */
	RUNTIME("events are not claimed",                     TWIST_NO_EVENT_INBOX,        "one order",    RULE_DONE_ONCE),
	RUNTIME("every event is taken for remembered",        TWIST_ALL_REMEMBERED,        "put aside",    RULE_DONE_ONCE),
	RUNTIME("answers are not recorded",                   TWIST_NO_COMMAND_INBOX,      "again and again", RULE_ONE_KEY_ONE_ORDER),
	RUNTIME("an answer is recorded over another",         TWIST_NO_COLLISION,          "again and again", RULE_ONE_KEY_ONE_ORDER),
	RUNTIME("one id twice in a turn is decided twice",    TWIST_NO_TWINS,              "in pairs",     RULE_DONE_ONCE),
	RUNTIME("published before the commit",                TWIST_PUBLISH_BEFORE_COMMIT, "one order",    RULE_NOTHING_PUT_ASIDE),
	RUNTIME("acknowledged before the commit",             TWIST_ACK_BEFORE_COMMIT,     "one order",    RULE_NOTHING_LOST),
	RUNTIME("answered before the commit",                 TWIST_TELL_BEFORE_COMMIT,    "one order",    RULE_TOLD_IS_TRUE),
	RUNTIME("events are kept in memory, not in the outbox", TWIST_OUTBOX_IN_MEMORY,    "one order",    RULE_NOTHING_LOST),
	RUNTIME("outbox row deleted before the confirm",      TWIST_DELETE_BEFORE_CONFIRM, "one order",    RULE_NOTHING_LOST),
	RUNTIME("answer acknowledged before the confirm",     TWIST_ACK_BEFORE_CONFIRM,    "one order",    RULE_NOTHING_LOST),
	RUNTIME("deadlines are not armed again",              TWIST_NO_REARM,              "one order",    RULE_NOTHING_SLEEPS),
	RUNTIME("deadlines are written after the commit",     TWIST_DEADLINE_APART,        "one order",    RULE_NOTHING_SLEEPS),
	RUNTIME("a save does not count its rows",             TWIST_NO_ROW_COUNT,          "no such product", RULE_DECIDED_ON_WHAT_IS),
	RUNTIME("rows are read without a lock: stock",        TWIST_NO_LOCKS,              "two orders, one piece", RULE_STOCK_CONSERVED),
	RUNTIME("rows are read without a lock: orders",       TWIST_NO_LOCKS,              "two orders, one piece", RULE_END_IS_FINAL),
	RUNTIME("new ids whenever it is decided",             TWIST_FRESH_IDS,             "one order",    RULE_ONE_ANSWER),

	/* decisions of svc-products */
	DECISION(SIDE_PRODUCTS, ORDER_CANCELLED, leave_no_tombstone,          "one order",    RULE_END_IS_HEARD),
	DECISION(SIDE_PRODUCTS, ORDER_CANCELLED, release_again,               "one order",    RULE_STOCK_IN_BOUNDS),
	DECISION(SIDE_PRODUCTS, ORDER_CANCELLED, release_what_was_never_held, "one order",    RULE_STOCK_IN_BOUNDS),
	DECISION(SIDE_PRODUCTS, ORDER_PLACED, hold_again,                     "one order",    RULE_DONE_ONCE),
	DECISION(SIDE_PRODUCTS, ORDER_PLACED, reserve_what_is_not_there,      "two orders, one piece", RULE_STOCK_IN_BOUNDS),
	DECISION(SIDE_PRODUCTS, ORDER_PLACED, reserve_without_deadline,       "put aside",    RULE_NOTHING_SLEEPS),
	DECISION(SIDE_PRODUCTS, ORDER_PLACED, reserve_after_the_order_expired, "a month later", RULE_STOCK_CONSERVED),
	DECISION(SIDE_PRODUCTS, ORDER_CONFIRMED, sell_again,                  "put aside",    RULE_STOCK_CONSERVED),
	DECISION(SIDE_PRODUCTS, RESERVATION_DEADLINE, ask_nothing_when_overdue, "put aside",  RULE_END_IN_REACH),

	/* decisions of svc-orders and svc-users */
	DECISION(SIDE_ORDERS, ORDERS_PLACE, place_without_deadline,           "one order",    RULE_NOTHING_SLEEPS),
	DECISION(SIDE_ORDERS, ORDERS_CANCEL, cancel_after_the_end,            "one order",    RULE_END_IS_FINAL),
	DECISION(SIDE_ORDERS, USER_VERIFIED, clear_deadline_too_early,        "one order",    RULE_NOTHING_SLEEPS),
	DECISION(SIDE_ORDERS, USER_VERIFIED, confirm_on_the_buyer_alone,      "one order",    RULE_CONFIRMED_BY_BOTH),
	DECISION(SIDE_ORDERS, STOCK_RESERVED, confirm_on_the_goods_alone,     "one order",    RULE_CONFIRMED_BY_BOTH),
	DECISION(SIDE_ORDERS, STOCK_RESERVED, tell_the_end_to_what_moved_it,  "one order",    RULE_DONE_ONCE),
	DECISION(SIDE_ORDERS, USER_REFUSED, reject_in_silence,                "a disabled buyer", RULE_NOTHING_LOST),
	DECISION(SIDE_ORDERS, RESERVATION_OVERDUE, let_overdue_be,            "put aside",    RULE_END_IN_REACH),
	DECISION(SIDE_USERS, ORDER_PLACED, verify_everybody,                  "a disabled buyer", RULE_CONFIRMED_BY_BOTH),

	/* An end is said again where goods turn up after it. Tombstones keep them from turning up, and an overdue
	 * reservation asks: so it takes two to fail. */
	{"an end is not said again, and leaves no tombstone", "one order", RULE_NOTHING_LOST, TWIST_NONE,
	 {{hear_of_goods_after_the_end_in_silence, SIDE_ORDERS, STOCK_RESERVED},
	  {leave_no_tombstone, SIDE_PRODUCTS, ORDER_CANCELLED}}},
	{"an end is said once", "put aside", RULE_END_IN_REACH, TWIST_NONE,
	 {{hear_of_goods_after_the_end_in_silence, SIDE_ORDERS, STOCK_RESERVED},
	  {let_overdue_be, SIDE_ORDERS, RESERVATION_OVERDUE}}},
	{.name = NULL},
};
/* clang-format on */
