/* Draws the saga: prints the rules of domain/saga.c as a Mermaid state diagram, the one in the README. */
#include <stdio.h>

#include "orders/domain/saga.h"

/* True where an earlier rule leads from and to the same states: its arrow carries this rule's event as well.
 * (What is said depends on the state that is reached, so it is the same.) */
static bool drawn_before(const struct saga_rule *rule)
{
	for (const struct saga_rule *earlier = saga_rules; earlier < rule; earlier++)
		if (earlier->in == rule->in && earlier->become == rule->become)
			return true;
	return false;
}

static void draw_arrow(const struct saga_rule *rule)
{
	printf("    %s --> %s: %s", order_state_names[rule->in], order_state_names[rule->become],
	       saga_event_names[rule->told]);
	for (const struct saga_rule *next = rule + 1; next < saga_rules + saga_rule_count; next++)
		if (next->in == rule->in && next->become == rule->become)
			printf(" or %s", saga_event_names[next->told]);
	if (rule->say != SAY_NOTHING)
		printf(" / %s", saga_say_names[rule->say]);
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
