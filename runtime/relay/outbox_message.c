/* Composing the message. */
#include "relay/outbox_message.h"

#include "json/grammar.h"
#include "json/json.h"

enum { HEADERS_MAX = 16 };

int64_t outbox_row_events(const struct outbox_row *row)
{
	return row->events > 1 ? row->events : 1;
}

/* A message that could not be read becomes a dead letter as it came: its body may be no JSON. */
static bool can_be_indented(const struct outbox_row *row)
{
	size_t at;

	return row->headers == NULL || json_check(row->body, JSON_DEPTH_MAX, &at) == NULL;
}

/* A single event is indented, for the operator who reads it in the management UI. Under load, events are sent together,
 * and nothing is spent on that. */
static void compose_body(struct buffer *body, const struct outbox_message *message)
{
	const char *before = "[";

	buffer_clear(body);
	if (message->events == 1) {
		const struct outbox_row *row = message->rows[0].row;

		if (can_be_indented(row))
			json_indent(body, row->body);
		else
			buffer_add(body, row->body.bytes, row->body.size);
		return;
	}
	for (size_t i = 0; i < message->count; i++, before = ",") {
		buffer_text(body, before);
		buffer_add(body, message->rows[i].row->body.bytes, message->rows[i].row->body.size);
	}
	buffer_text(body, "]");
}

/* The row's headers, from their JSON, which this program has written. */
static int compose_headers(struct arena *arena, const char *json, struct broker_header *ret_headers)
{
	static const char *const known[] = {"x-dead-reason", "x-dead-code", "x-dead-attempts", "x-dead-origin",
					    "x-dead-first",  "x-dead-last", "x-later-first",   NULL};
	struct faults faults = {0};
	const struct json *object;
	int count = 0;

	if (json == NULL || json_parse(arena, span_of(json), &faults, &object) != OK)
		return 0;
	for (int i = 0; known[i] != NULL && count < HEADERS_MAX; i++) {
		const struct json *member = json_member(object, known[i]);

		if (member != NULL && json_text(member) != NULL)
			ret_headers[count++] = (struct broker_header){.name = known[i], .text = json_text(member)};
	}
	return count;
}

enum status outbox_message_publish(struct broker *broker, const struct outbox_message *message, struct buffer *body,
				   struct arena *arena, uint64_t *ret_sequence)
{
	const struct outbox_row *row = message->rows[0].row;
	const bool single = message->events == 1;
	struct broker_header headers[HEADERS_MAX];
	char id[UUID_TEXT + 1], subject[UUID_TEXT + 1];

	arena_reset(arena);
	compose_body(body, message);
	uuid_text(&row->id, id);
	uuid_text(&row->subject, subject);
	const struct publication publication = {
		.exchange = row->exchange,
		.routing_key = row->routing_key,
		.content_type = single ? CLOUDEVENT_TYPE : CLOUDEVENT_BATCH_TYPE,
		.type = row->type,
		.message_id = id,
		.correlation_id = single && !uuid_is_nil(&row->subject) ? subject : NULL,
		.headers = headers,
		.header_count = compose_headers(arena, row->headers, headers),
		.body = {body->bytes, body->size},
		.persistent = true,
		.mandatory = true,
		.time_us = row->created_us,
	};
	return broker_publish(broker, &publication, ret_sequence);
}
