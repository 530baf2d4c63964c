/* How a transition of the saga becomes events. */
#include "orders/usecases/apply_event.h"

#include "orders/usecases/views.h"
#include "proto/messages.h"

/* The saga's events as types of the contract. */
static const int event_types[] = {
	[PUBLISH_CONFIRMED] = ORDER_CONFIRMED,
	[PUBLISH_REJECTED] = ORDER_REJECTED,
	[PUBLISH_EXPIRED] = ORDER_EXPIRED,
	[PUBLISH_CANCELLED] = ORDER_CANCELLED,
};

static struct uuid publish_event(struct unit *unit, const struct order *order, int type)
{
	return unit_event(unit, type, &order->id, order->version, order_event_of(order, unit_arena(unit)));
}

void publish_order(struct unit *unit, struct order *order, int type)
{
	struct uuid event_id = publish_event(unit, order, type);

	order_add_history(order, &(struct history_entry){
					 .event_id = event_id,
					 .event = comanda_contract.types[type].name,
					 .at_us = unit_now(unit),
					 .sequence = order->version,
				 });
}

/* Adds an event that led to a transition to the order's history. A command or a timer is not in it, but the event that
 * it leads to is. */
static void record_event(struct order *order, const struct message *message)
{
	const struct message_type *type = &comanda_contract.types[message->type];

	if (type->kind != EVENT)
		return;
	order_add_history(order, &(struct history_entry){
					 .event_id = message->id,
					 .event = type->name,
					 .at_us = message->time_us,
					 .sequence = message->sequence,
				 });
}

/* A transition without a published event takes the time of the received event. So a replay, which has only the events,
 * makes the same row. */
static int64_t step_time(struct unit *unit, const struct order *order, const struct message *message,
			 enum saga_event event)
{
	const struct saga_rule *rule = saga_rule_for(order->state, event);

	return rule != NULL && rule->publish == PUBLISH_NOTHING ? message->time_us : unit_now(unit);
}

enum status apply_event(struct unit *unit, struct order *order, const struct message *message, enum saga_event event)
{
	const struct saga_rule *rule = saga_apply(order, event, step_time(unit, order, message, event));

	if (rule == NULL)
		return E_STALE;
	if (rule->next == rule->state) {
		/* The history holds only events that came before the end. If it holds this one, this is a duplicate. */
		if (order_history_has(order, &message->id))
			return E_STALE;
		/* The end is published again, with the same version. It needs a new event id, because receivers drop a
		 * known id. */
		publish_event(unit, order, event_types[rule->publish]);
		return OK;
	}
	record_event(order, message);
	if (rule->publish != PUBLISH_NOTHING)
		publish_order(unit, order, event_types[rule->publish]);
	if (saga_ended(order->state))
		unit_deadline_clear(unit, ORDER_DEADLINE, &order->id);
	return OK;
}
