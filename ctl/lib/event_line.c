/* Drawing one event. */
#include "ctl/lib/event_line.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cli/json_line.h"
#include "json/value.h"

enum tint event_tint(const char *type)
{
	static const struct {
		const char *type;
		enum tint tint;
	} known[] = {
		{"order.confirmed", TINT_GOOD},    {"stock.sold", TINT_GOOD},          {"user.verified", TINT_GOOD},
		{"stock.reserved", TINT_GOOD},     {"order.rejected", TINT_BAD},       {"order.expired", TINT_BAD},
		{"order.cancelled", TINT_BAD},     {"user.refused", TINT_BAD},         {"stock.refused", TINT_BAD},
		{"reservation.overdue", TINT_BAD}, {"operator.replayed", TINT_NOTICE},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].type, type) == 0)
			return known[i].tint;
	return TINT_NONE;
}

static int64_t number_of(const struct json *object, const char *name)
{
	const struct json *member = object == NULL ? NULL : json_member(object, name);

	return member == NULL || json_type(member) != JSON_NUMBER ? INT_ABSENT : (int64_t)json_number(member);
}

void event_gist(const struct logged *event, char *ret_gist, size_t room)
{
	const struct json *data = event->data, *reason = data == NULL ? NULL : json_member(data, "reason");
	const char *code = reason != NULL && json_type(reason) == JSON_OBJECT ? json_text_of(reason, "code")
									      : json_text_of(data, "code");
	const int64_t total = number_of(data, "total_cents"), delta = number_of(data, "delta"),
		      on_hand = number_of(data, "on_hand");

	*ret_gist = '\0';
	if (*code != '\0')
		snprintf(ret_gist, room, "%s", code);
	else if (total != INT_ABSENT)
		snprintf(ret_gist, room, "%lld.%02lld %s", (long long)total / 100, (long long)total % 100,
			 json_text_of(data, "currency"));
	else if (delta != INT_ABSENT)
		snprintf(ret_gist, room, "%+lld", (long long)delta);
	else if (on_hand != INT_ABSENT)
		snprintf(ret_gist, room, "%lld there", (long long)on_hand);
	else if (*json_text_of(data, "reason") != '\0')
		snprintf(ret_gist, room, "%s", json_text_of(data, "reason"));
}

void event_line_heading(void)
{
	if (isatty(STDOUT_FILENO))
		printf("%s%7s  %-12s  %-17s  %s%s\n", tint(TINT_DIM), "offset", "time (UTC)", "event", "about",
		       tint(TINT_NONE));
}

/* 7 + 2 + 12 + 2 + 17 + 2 + 36 columns: with the rare longest type, 80. What follows needs a wider terminal. */
void event_line(const struct logged *event)
{
	char time[TIMESTAMP_TEXT + 1], subject[UUID_TEXT + 1], gist[64];

	timestamp_text(event->time_us, time);
	uuid_text(&event->subject, subject);
	event_gist(event, gist, sizeof(gist));
	if (terminal_columns() < 100)
		*gist = '\0';
	/* 01:20:28.123 of the day is what a reader compares; the full time is in --json. */
	printf("%7lld  %.12s  %s%-17s%s  %s%s%s\n", (long long)event->offset, time + 11, tint(event_tint(event->type)),
	       event->type, tint(TINT_NONE), subject, *gist == '\0' ? "" : "  ", gist);
	fflush(stdout);
}

void event_json_line(const struct logged *event)
{
	struct json_line line;
	struct buffer text;

	buffer_init(&text);
	json_print(&text, event->json);
	json_line_open(&line);
	json_line_int(&line, "offset", event->offset);
	json_line_json(&line, "event", (struct span){text.bytes, text.size});
	json_line_print(&line);
	buffer_done(&text);
}
