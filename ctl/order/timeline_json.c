/* The timeline of an order as JSON. */
#include "ctl/cli/json_object.h"
#include "ctl/order/timeline_print.h"

/* Never negative: clocks differ. */
static int64_t between(int64_t from_us, int64_t to_us)
{
	if (from_us == INT_ABSENT || to_us == INT_ABSENT)
		return INT_ABSENT;
	return to_us > from_us ? to_us - from_us : 0;
}

static void add_receiver(struct buffer *out, const struct step *step, const struct receiver *receiver)
{
	struct json_object object;

	json_object_open(&object);
	json_object_text(&object, "service", receiver->service->queue_prefix);
	json_object_bool(&object, "handled", receiver_done(receiver));
	json_object_int(&object, "waited_us", between(step->event->time_us, receiver->processed_us));
	json_object_int(&object, "decided_in_us",
			receiver->repeated ? INT_ABSENT : between(receiver->processed_us, receiver->decided_us));
	json_object_int(&object, "answered_after_us", between(step->event->time_us, receiver->decided_us));
	json_object_bool(&object, "repeated", receiver->repeated);
	json_object_int(&object, "attempts", receiver->attempts);
	json_object_text(&object, "dead", receiver->dead_code);
	json_object_text(&object, "dead_reason", receiver->dead_reason);
	json_object_append(&object, out);
}

static void add_step(struct buffer *out, const struct step *step)
{
	struct buffer receivers;
	struct json_object object;

	buffer_init(&receivers);
	buffer_text(&receivers, "[");
	for (size_t i = 0; i < step->receiver_count; i++)
		add_receiver(&receivers, step, &step->receivers[i]);
	buffer_text(&receivers, "]");
	json_object_open(&object);
	json_object_int(&object, "offset", step->event->offset);
	json_object_id(&object, "id", &step->event->id);
	json_object_text(&object, "type", step->event->type);
	json_object_text(&object, "producer", step->producer == NULL ? "operator" : step->producer->queue_prefix);
	json_object_timestamp(&object, "time", step->event->time_us);
	json_object_id(&object, "cause", &step->event->cause);
	json_object_text(&object, "state", step->state == STATE_UNKNOWN ? NULL : order_state_names[step->state]);
	json_object_json(&object, "consumers", (struct span){receivers.bytes, receivers.size});
	json_object_append(&object, out);
	buffer_done(&receivers);
}

void timeline_json(const struct order_timeline *timeline)
{
	struct buffer events;
	struct json_object object;

	buffer_init(&events);
	buffer_text(&events, "[");
	for (size_t i = 0; i < timeline->count; i++)
		add_step(&events, &timeline->steps[i]);
	buffer_text(&events, "]");
	json_object_open(&object);
	json_object_id(&object, "order_id", &timeline->id);
	json_object_text(&object, "state", timeline->known ? order_state_names[timeline->state] : NULL);
	json_object_id(&object, "user_id", &timeline->user);
	json_object_text(&object, "reason", timeline->reason);
	json_object_int(&object, "total_cents", timeline->total_cents);
	json_object_text(&object, "currency", timeline->currency);
	json_object_id(&object, "request_id", &timeline->request);
	json_object_timestamp(&object, "asked", timeline->requested_us);
	json_object_timestamp(&object, "expires", timeline->expires_us);
	json_object_text(&object, "waits_for", *timeline->wait.service == '\0' ? NULL : timeline->wait.service);
	json_object_text(&object, "place", *timeline->wait.place == '\0' ? NULL : timeline->wait.place);
	json_object_text(&object, "command", *timeline->wait.command == '\0' ? NULL : timeline->wait.command);
	json_object_json(&object, "events", (struct span){events.bytes, events.size});
	json_object_print(&object);
	buffer_done(&events);
}
