/* One line an event: offset, time, type, what it is about, and the little that matters of its data. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "events.h"

static const char *text_of(const struct json *object, const char *name)
{
	const struct json *member = object == NULL ? NULL : json_member(object, name);
	const char *text = member == NULL ? NULL : json_text(member);

	return text == NULL ? "" : text;
}

/* "comanda.order.placed.v1" → "order.placed" */
static const char *short_type(const char *type, char *out, size_t room)
{
	const char *start = strncmp(type, "comanda.", 8) == 0 ? type + 8 : type;
	const char *end = strrchr(start, '.');

	snprintf(out, room, "%.*s", end == NULL ? (int)strlen(start) : (int)(end - start), start);
	return out;
}

static bool passes(const struct json *event, const struct event_filter *filter)
{
	const struct json *data = json_member(event, "data");
	char type[100];

	if (filter->type != NULL && strcmp(short_type(text_of(event, "type"), type, sizeof(type)), filter->type) != 0)
		return false;
	return filter->order == NULL || strcmp(text_of(event, "subject"), filter->order) == 0 ||
	       strcmp(text_of(data, "order_id"), filter->order) == 0;
}

static void print_json(const struct json *event)
{
	struct buffer line;

	buffer_init(&line);
	json_print(&line, event);
	puts(line.bytes);
	buffer_done(&line);
}

/* Green for good ends, red for refusals, on a terminal only. */
static const char *colour(const char *type)
{
	static const char *const good[] = {"order.confirmed", "stock.sold", "user.verified", "stock.reserved", NULL};
	static const char *const bad[] = {"order.rejected",
					  "order.expired",
					  "order.cancelled",
					  "user.refused",
					  "stock.refused",
					  "reservation.overdue",
					  NULL};

	for (int i = 0; good[i] != NULL; i++)
		if (strcmp(good[i], type) == 0)
			return "\033[32m";
	for (int i = 0; bad[i] != NULL; i++)
		if (strcmp(bad[i], type) == 0)
			return "\033[31m";
	return "\033[36m";
}

static void print_line(const struct json *event, int64_t offset)
{
	const struct json *data = json_member(event, "data"), *reason = json_member(data, "reason");
	const char *code = reason != NULL ? text_of(reason, "code") : text_of(data, "code");
	const bool terminal = isatty(STDOUT_FILENO);
	const char *time = text_of(event, "time");
	char type[100];

	short_type(text_of(event, "type"), type, sizeof(type));
	/* 01:20:28.123456 of the day is what a reader compares; the full time is in --json. */
	printf("%7lld  %.15s  %s%-19s%s  %s  %s\n", (long long)offset, strlen(time) > 11 ? time + 11 : time,
	       terminal ? colour(type) : "", type, terminal ? "\033[0m" : "", text_of(event, "subject"), code);
}

int print_events(struct span body, const struct event_filter *filter, int64_t offset, int limit)
{
	struct arena arena;
	struct faults faults = {0};
	const struct json *json;
	int printed = 0;

	arena_init(&arena);
	if (json_parse(&arena, body, &faults, &json) != OK) {
		fprintf(stderr, "comanda: the message at offset %lld is not JSON\n", (long long)offset);
		arena_done(&arena);
		return 0;
	}
	const int count = json_count(json);
	for (int i = 0; i < (count < 0 ? 1 : count) && printed < limit; i++) {
		const struct json *event = count < 0 ? json : json_item(json, i);

		if (!passes(event, filter))
			continue;
		if (filter->json)
			print_json(event);
		else
			print_line(event, offset);
		printed++;
	}
	fflush(stdout);
	arena_done(&arena);
	return printed;
}
