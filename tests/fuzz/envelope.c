/* Message envelopes: single events and batches (CloudEvents), single requests and replies and lists of them. Each input
 * is read as every kind, like the bodies that a service or the edge receives. */
#include <string.h>

#include "proto/messages.h"
#include "rpc/cloudevent.h"
#include "rpc/wire.h"
#include "tests/fuzz/fuzz.h"

void target_begin(void)
{
	json_init();
}

static void *read_body(const struct json *data, const struct schema *schema, enum unknown_fields unknown,
		       struct arena *arena)
{
	struct faults faults = {.count = 0};

	if (schema == NULL || data == NULL)
		return NULL;
	void *body = arena_new(arena, 1, schema->size);
	schema_blank(schema, body);
	return json_read(data, schema, unknown, arena, &faults, body) == OK ? body : NULL;
}

/* An event that was read is written and read again with the same content. */
static void write_event(const struct message *message, const void *body, struct arena *arena)
{
	const struct message_type *type = &comanda_contract.types[message->type];
	struct faults faults = {.count = 0};
	struct message again;
	const struct json *json, *data;
	struct buffer out;

	buffer_init(&out);
	cloudevent_write(&out, &(struct cloudevent){.id = message->id,
						    .type = type,
						    .source = type->producer,
						    .subject = message->subject,
						    .sequence = message->sequence,
						    .time_us = message->time_us,
						    .traceparent = message->traceparent,
						    .body = body});
	must(json_parse(arena, (struct span){out.bytes, out.size}, &faults, &json) == OK);
	must(cloudevent_read(json, &comanda_contract, arena, &faults, &again, &data) == OK);
	must(again.type == message->type && uuid_equal(&again.id, &message->id));
	must(again.time_us == message->time_us && again.sequence == message->sequence);
	buffer_done(&out);
}

static void read_event(const struct json *json, struct arena *arena)
{
	struct faults faults = {.count = 0};
	const struct json *data = NULL;
	struct message message;

	if (cloudevent_read(json, &comanda_contract, arena, &faults, &message, &data) != OK)
		return;
	const void *body = read_body(data, comanda_contract.types[message.type].schema, UNKNOWN_IGNORED, arena);
	if (body != NULL)
		write_event(&message, body, arena);
}

static void read_events(struct span text, struct arena *arena)
{
	struct faults faults = {.count = 0};
	const struct json *json;

	if (json_parse(arena, text, &faults, &json) != OK)
		return;
	if (json_count(json) < 0)
		read_event(json, arena);
	for (int i = 0; i < json_count(json); i++)
		read_event(json_item(json, i), arena);
}

static void read_requests(struct span text, struct arena *arena)
{
	struct rpc_items read;

	if (rpc_wire_read_requests(text, &comanda_contract, arena, &read) != OK)
		return;
	for (size_t i = 0; i < read.count; i++) {
		const struct rpc_item *item = &read.items[i];

		must(item->status != OK || (item->data != NULL && item->message.type >= 0));
		if (item->status == OK)
			read_body(item->data, comanda_contract.types[item->message.type].schema, UNKNOWN_REFUSED,
				  arena);
	}
}

static void read_replies(struct span text, struct arena *arena)
{
	struct rpc_reply reply = {.status = OK};
	struct rpc_slices slices;

	if (rpc_wire_slice(text, arena, &slices) != OK)
		return;
	for (size_t i = 0; i < slices.count; i++) {
		const struct span slice = slices.items[i].text;

		must(slice.bytes >= text.bytes && slice.bytes + slice.size <= text.bytes + text.size);
		if (rpc_answer_read(slice, arena, &reply) != OK)
			continue;
		must(reply.data.size == 0 || reply.data.bytes != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena arena;

	/* Bodies from the broker are in an arena, too. */
	arena_init(&arena);
	const struct span text = {arena_copy(&arena, (const char *)bytes, size), size};
	read_events(text, &arena);
	read_requests(text, &arena);
	read_replies(text, &arena);
	arena_done(&arena);
	return 0;
}
