/* An order's story for programs. */
#include "ctl/cli/json_line.h"
#include "ctl/order/draw.h"

static int64_t between(int64_t from_us, int64_t to_us)
{
	return from_us == INT_ABSENT || to_us == INT_ABSENT ? INT_ABSENT : to_us - from_us;
}

static void add_hearer(struct buffer *out, const struct chapter *chapter, const struct hearer *hearer)
{
	struct record record;

	record_open(&record);
	record_text(&record, "service", hearer->house);
	record_bool(&record, "handled", hearer_done(hearer));
	record_int(&record, "waited_us", between(chapter->event->time_us, hearer->claimed_us));
	record_int(&record, "decided_in_us", between(hearer->claimed_us, hearer->decided_us));
	record_int(&record, "answered_after_us", between(chapter->event->time_us, hearer->decided_us));
	record_int(&record, "attempts", hearer->attempts);
	record_text(&record, "dead", hearer->dead.house == NULL ? NULL : hearer->dead.code);
	record_text(&record, "dead_reason", hearer->dead.house == NULL ? NULL : hearer->dead.reason);
	struct buffer text = record_take(&record);
	buffer_add(out, text.bytes, text.size);
	buffer_done(&text);
}

static void add_chapter(struct buffer *out, const struct chapter *chapter)
{
	struct buffer hearers;
	struct record record;

	buffer_init(&hearers);
	buffer_text(&hearers, "[");
	for (size_t i = 0; i < chapter->hearer_count; i++) {
		buffer_text(&hearers, i == 0 ? "" : ",");
		add_hearer(&hearers, chapter, &chapter->hearers[i]);
	}
	buffer_text(&hearers, "]");
	record_open(&record);
	record_int(&record, "offset", chapter->event->offset);
	record_id(&record, "id", &chapter->event->id);
	record_text(&record, "type", chapter->event->type);
	record_text(&record, "producer", chapter->house);
	record_moment(&record, "time", chapter->event->time_us);
	record_id(&record, "cause", &chapter->event->cause);
	record_text(&record, "state", chapter->state);
	record_json(&record, "consumers", (struct span){hearers.bytes, hearers.size});
	struct buffer text = record_take(&record);
	buffer_add(out, text.bytes, text.size);
	buffer_done(&text);
	buffer_done(&hearers);
}

void story_json(const struct order_story *story)
{
	struct buffer events;
	struct record record;

	buffer_init(&events);
	buffer_text(&events, "[");
	for (size_t i = 0; i < story->count; i++) {
		buffer_text(&events, i == 0 ? "" : ",");
		add_chapter(&events, &story->chapters[i]);
	}
	buffer_text(&events, "]");
	record_open(&record);
	record_id(&record, "order_id", &story->id);
	record_text(&record, "state", story->known ? order_state_names[story->state] : NULL);
	record_id(&record, "user_id", &story->user);
	record_text(&record, "reason", story->reason);
	record_int(&record, "total_cents", story->total_cents);
	record_text(&record, "currency", story->currency);
	record_id(&record, "request_id", &story->request);
	record_moment(&record, "asked", story->asked_us);
	record_moment(&record, "expires", story->expires_us);
	record_json(&record, "events", (struct span){events.bytes, events.size});
	record_print(&record);
	buffer_done(&events);
}
