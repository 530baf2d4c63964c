/* Formats one event. */
#include "ctl/lib/event_line.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/money/currency.h"
#include "core/timestamp.h"
#include "ctl/cli/json_object.h"
#include "json/value.h"

enum tint event_tint(const char *type)
{
	static const struct {
		const char *type;
		enum tint tint;
	} known[] = {
		{.type = "order.confirmed", .tint = TINT_GOOD},     {.type = "stock.sold", .tint = TINT_GOOD},
		{.type = "user.verified", .tint = TINT_GOOD},       {.type = "stock.reserved", .tint = TINT_GOOD},
		{.type = "order.rejected", .tint = TINT_BAD},       {.type = "order.expired", .tint = TINT_BAD},
		{.type = "order.cancelled", .tint = TINT_BAD},      {.type = "user.refused", .tint = TINT_BAD},
		{.type = "stock.refused", .tint = TINT_BAD},        {.type = "reservation.overdue", .tint = TINT_BAD},
		{.type = "operator.replayed", .tint = TINT_NOTICE},
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

static void print_money(int64_t minor_units, const char *currency, char *ret_text, size_t room)
{
	char text[MONEY_TEXT];

	money_text(minor_units, currency, text);
	snprintf(ret_text, room, "%s", text);
}

/* The reason, sum or quantity in the data: "out_of_stock", "37.80 EUR", "+5". */
static void summarize(const struct log_event *event, char *ret_summary, size_t room)
{
	const struct json *data = event->data, *reason = data == NULL ? NULL : json_member(data, "reason");
	const char *code = reason != NULL && json_type(reason) == JSON_OBJECT ? json_text_of(reason, "code")
									      : json_text_of(data, "code");
	const int64_t total = number_of(data, "total_cents"), delta = number_of(data, "delta"),
		      on_hand = number_of(data, "on_hand");

	*ret_summary = '\0';
	if (*code != '\0')
		snprintf(ret_summary, room, "%s", code);
	else if (total != INT_ABSENT)
		print_money(total, json_text_of(data, "currency"), ret_summary, room);
	else if (delta != INT_ABSENT)
		snprintf(ret_summary, room, "%+lld", (long long)delta);
	else if (on_hand != INT_ABSENT)
		snprintf(ret_summary, room, "%lld on hand", (long long)on_hand);
	else if (*json_text_of(data, "reason") != '\0')
		snprintf(ret_summary, room, "%s", json_text_of(data, "reason"));
}

void event_line_heading(void)
{
	if (isatty(STDOUT_FILENO))
		printf("%s%7s  %-12s  %-17s  %s%s\n", tint(TINT_DIM), "offset", "time (UTC)", "event", "about",
		       tint(TINT_NONE));
}

/* 7 + 2 + 12 + 2 + 17 + 2 + 36 columns, 80 with the longest type. On a narrow terminal the summary has its own line. */
void event_line(const struct log_event *event)
{
	char time[TIMESTAMP_TEXT + 1], subject[UUID_TEXT + 1], summary[64];

	timestamp_text(event->time_us, time);
	uuid_text(&event->subject, subject);
	summarize(event, summary, sizeof(summary));
	const char *gap = terminal_columns() < 100 ? "\n                         " : "  ";
	/* The time of day alone: 01:20:28.123. --json has the whole time. */
	printf("%7lld  %.12s  %s%-17s%s  %s%s%s\n", (long long)event->offset, time + 11, tint(event_tint(event->type)),
	       event->type, tint(TINT_NONE), subject, *summary == '\0' ? "" : gap, summary);
	fflush(stdout);
}

void event_json_line(const struct log_event *event)
{
	struct json_object object;
	struct buffer text;

	buffer_init(&text);
	json_print(&text, event->json);
	json_object_open(&object);
	json_object_int(&object, "offset", event->offset);
	json_object_json(&object, "event", (struct span){text.bytes, text.size});
	json_object_print(&object);
	buffer_done(&text);
}
