/* An order's timeline for programs. */
#include "ctl/cli/json_line.h"
#include "ctl/order/draw.h"

static int64_t between(int64_t from_us, int64_t to_us)
{
	return from_us == INT_ABSENT || to_us == INT_ABSENT ? INT_ABSENT : to_us - from_us;
}

static void add_receiver(struct buffer *out, const struct step *step, const struct receiver *receiver)
{
	struct json_line line;

	json_line_open(&line);
	json_line_text(&line, "service", receiver->service_name);
	record_bool(&line, "handled", receiver_done(receiver));
	json_line_int(&line, "waited_us", between(step->event->time_us, receiver->processed_us));
	json_line_int(&line, "decided_in_us", between(receiver->processed_us, receiver->decided_us));
	json_line_int(&line, "answered_after_us", between(step->event->time_us, receiver->decided_us));
	json_line_int(&line, "attempts", receiver->attempts);
	json_line_text(&line, "dead", receiver->dead.service_name == NULL ? NULL : receiver->dead.code);
	json_line_text(&line, "dead_reason", receiver->dead.service_name == NULL ? NULL : receiver->dead.reason);
	struct buffer text = json_line_take(&line);
	buffer_add(out, text.bytes, text.size);
	buffer_done(&text);
}

static void add_step(struct buffer *out, const struct step *step)
{
	struct buffer receivers;
	struct json_line line;

	buffer_init(&receivers);
	buffer_text(&receivers, "[");
	for (size_t i = 0; i < step->receiver_count; i++) {
		buffer_text(&receivers, i == 0 ? "" : ",");
		add_receiver(&receivers, step, &step->receivers[i]);
	}
	buffer_text(&receivers, "]");
	json_line_open(&line);
	json_line_int(&line, "offset", step->event->offset);
	json_line_id(&line, "id", &step->event->id);
	json_line_text(&line, "type", step->event->type);
	json_line_text(&line, "producer", step->service_name);
	json_line_timestamp(&line, "time", step->event->time_us);
	json_line_id(&line, "cause", &step->event->cause);
	json_line_text(&line, "state", step->state);
	json_line_json(&line, "consumers", (struct span){receivers.bytes, receivers.size});
	struct buffer text = json_line_take(&line);
	buffer_add(out, text.bytes, text.size);
	buffer_done(&text);
	buffer_done(&receivers);
}

void timeline_json(const struct order_timeline *timeline)
{
	struct buffer events;
	struct json_line line;

	buffer_init(&events);
	buffer_text(&events, "[");
	for (size_t i = 0; i < timeline->count; i++) {
		buffer_text(&events, i == 0 ? "" : ",");
		add_step(&events, &timeline->steps[i]);
	}
	buffer_text(&events, "]");
	json_line_open(&line);
	json_line_id(&line, "order_id", &timeline->id);
	json_line_text(&line, "state", timeline->known ? order_state_names[timeline->state] : NULL);
	json_line_id(&line, "user_id", &timeline->user);
	json_line_text(&line, "reason", timeline->reason);
	json_line_int(&line, "total_cents", timeline->total_cents);
	json_line_text(&line, "currency", timeline->currency);
	json_line_id(&line, "request_id", &timeline->request);
	json_line_timestamp(&line, "asked", timeline->asked_us);
	json_line_timestamp(&line, "expires", timeline->expires_us);
	json_line_json(&line, "events", (struct span){events.bytes, events.size});
	json_line_print(&line);
	buffer_done(&events);
}
