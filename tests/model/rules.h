/* The rules that hold in every state, at every step, and in the end. */
#ifndef TESTS_MODEL_RULES_H
#define TESTS_MODEL_RULES_H

#include <stdbool.h>

struct bag;
struct model;

enum rule {
	RULE_ALL, /* none in particular */
	/* in every state */
	RULE_STOCK_IN_BOUNDS,
	RULE_STOCK_CONSERVED,
	RULE_CONFIRMED_BY_BOTH,
	RULE_SOLD_ONCE_CONFIRMED,
	RULE_ACCEPTED_ORDER_EXISTS,
	RULE_ONE_KEY_ONE_ORDER,
	RULE_END_IS_PROCESSED,
	RULE_NOTHING_LOST,
	RULE_NOTHING_STUCK,
	RULE_ENDS_CONSISTENT,
	/* at every step */
	RULE_END_IS_FINAL,
	RULE_RESERVED_ONCE,
	RULE_EFFECT_ONCE,
	RULE_ONE_ANSWER,
	RULE_DECIDED_ON_CURRENT_ROWS,
	RULE_NO_DEAD_LETTER,
	/* of the whole */
	RULE_END_REACHABLE,
	RULES
};

/* The text of the rule. */
const char *rule_text(enum rule rule);

/* The first of the rules for states that is broken; RULE_ALL: none. `watched`: only this rule is checked. */
enum rule rules_of_state(struct model *model, const struct bag *state, enum rule watched);

/* No message is in flight, no deadline is set, every order has ended. Every state must be able to reach this. */
bool state_settled(struct model *model, const struct bag *state);

#endif
