/* How the saga's steps become events. */
#include "orders/usecases/apply_event.h"

#include "orders/usecases/views.h"
#include "proto/messages.h"

/* The saga's words, in the contract's terms. */
static const int said_as[] = {
	[SAY_CONFIRMED] = ORDER_CONFIRMED,
	[SAY_REJECTED] = ORDER_REJECTED,
	[SAY_EXPIRED] = ORDER_EXPIRED,
	[SAY_CANCELLED] = ORDER_CANCELLED,
};

static struct uuid publish(struct unit *unit, const struct order *order, int type)
{
	return unit_event(unit, type, &order->id, order->version, order_event_of(order, unit_arena(unit)));
}

void announce(struct unit *unit, struct order *order, int type)
{
	struct uuid event_id = publish(unit, order, type);

	order_remember(order, &(struct order_step){
				      .event_id = event_id,
				      .event = comanda_contract.types[type].name,
				      .at_us = unit_now(unit),
				      .sequence = order->version,
			      });
}

/* An event that moved the saga is part of the order's history. Commands and notes are not: what they lead to is. */
static void remember_heard(struct order *order, const struct message *message)
{
	const struct message_type *type = &comanda_contract.types[message->type];

	if (type->kind != EVENT)
		return;
	order_remember(order, &(struct order_step){
				      .event_id = message->id,
				      .event = type->name,
				      .at_us = message->time_us,
				      .sequence = message->sequence,
			      });
}

/* A step that says nothing takes the time of what was heard: whoever has only the events can make the same row. */
static int64_t step_time(struct unit *unit, const struct order *order, const struct message *message,
			 enum saga_event told)
{
	const struct saga_rule *rule = saga_rule_for(order->state, told);

	return rule != NULL && rule->say == SAY_NOTHING ? message->time_us : unit_now(unit);
}

enum status advance(struct unit *unit, struct order *order, const struct message *message, enum saga_event told)
{
	const struct saga_rule *rule = saga_step(order, told, step_time(unit, order, message, told));

	if (rule == NULL)
		return E_STALE;
	if (rule->become == rule->in) {
		/* What moved the order came before its end: told once more it is a duplicate, and no news. */
		if (order_heard(order, &message->id))
			return E_STALE;
		/* Said again: the same version, but an id of its own, or who heard the first would drop it. */
		publish(unit, order, said_as[rule->say]);
		return OK;
	}
	remember_heard(order, message);
	if (rule->say != SAY_NOTHING)
		announce(unit, order, said_as[rule->say]);
	if (saga_ended(order->state))
		unit_deadline_clear(unit, ORDER_DEADLINE, &order->id);
	return OK;
}
