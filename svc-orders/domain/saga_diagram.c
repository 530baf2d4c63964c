/* Draws the saga: prints the rules of domain/saga.c as a Mermaid state diagram, the one in the README. */
#include <stdio.h>

#include "orders/domain/saga.h"

/* Whether an earlier rule connects the same two states: its arrow shows the event of this rule as well. (The published
 * event depends on the next state only, so it is the same.) */
static bool drawn_before(const struct saga_rule *rule)
{
	for (const struct saga_rule *earlier = saga_rules; earlier < rule; earlier++)
		if (earlier->state == rule->state && earlier->next == rule->next)
			return true;
	return false;
}

static void draw_arrow(const struct saga_rule *rule)
{
	printf("    %s --> %s: %s", order_state_names[rule->state], order_state_names[rule->next],
	       saga_event_names[rule->event]);
	for (const struct saga_rule *later = rule + 1; later < saga_rules + saga_rule_count; later++)
		if (later->state == rule->state && later->next == rule->next)
			printf(" or %s", saga_event_names[later->event]);
	if (rule->publish != PUBLISH_NOTHING)
		printf(" / %s", saga_publication_names[rule->publish]);
	putchar('\n');
}

int main(void)
{
	puts("stateDiagram-v2");
	puts("    [*] --> PENDING: order.placed");
	for (const struct saga_rule *rule = saga_rules; rule < saga_rules + saga_rule_count; rule++)
		if (!drawn_before(rule))
			draw_arrow(rule);
	for (int state = 0; state < ORDER_STATES; state++)
		if (saga_ended((enum order_state)state))
			printf("    %s --> [*]\n", order_state_names[state]);
	return ferror(stdout) ? 1 : 0;
}
