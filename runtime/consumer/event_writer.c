/* Composing what goes into the outbox. */
#include "consumer/event_writer.h"

#include <stdio.h>
#include <string.h>

#include "store/inbox.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define LATER_US     (15 * SECOND_US)
#define LATER_MAX_US (10 * MINUTE_US)

enum { REASON_MAX = 900 }; /* header text is capped at 1 kB */

static struct metric dead_letters = {.name = "comanda_dead_letters_total",
				     .help = "Events that became dead letters, by status",
				     .type = COUNTER,
				     .label = "status"};

/* Which outputs are in a row already, and the ids of those that go into the next one. */
struct bundling {
	size_t first; /* the oldest that is not taken */
	bool *taken;
	struct uuid *ids;
	struct publish_span *told; /* their spans; NULL: none are recorded */
	size_t publish_span_count;
};

/* What the event says of its trace: the span of its publication, if it is recorded, or where its cause was. */
static const char *traceparent_of(struct consumer *consumer, const struct output *output, struct bundling *bundling,
				  char text[static TRACEPARENT_TEXT + 1])
{
	struct item *item = &consumer->batch.items[output->item];
	const struct message_type *type = consumer_type(consumer, output->type);

	if (item->about == NULL) {
		item->subject = output->subject;
		item->about = type->about;
	}
	if (bundling->told == NULL || !item->trace.sampled)
		return item->query.message.traceparent;
	struct publish_span *told = &bundling->told[bundling->publish_span_count++];
	*told = (struct publish_span){trace_child(&item->trace), {0},        output->id,
				      output->subject,           type->name, type->about};
	memcpy(told->parent, item->trace.span, sizeof(told->parent));
	trace_text(&told->at, text);
	return text;
}

static void write_event(struct consumer *consumer, struct bundling *bundling, const struct output *output)
{
	const struct message *cause = &consumer->batch.items[output->item].query.message;
	struct buffer *out = &consumer->txn.scratch;
	char text[TRACEPARENT_TEXT + 1];

	cloudevent_write(out, &(struct cloudevent){
				      .id = output->id,
				      .type = consumer_type(consumer, output->type),
				      .source = consumer->engine->service->name,
				      .subject = output->subject,
				      .sequence = output->sequence,
				      .time_us = output->time_us,
				      .cause = cause->id,
				      .traceparent = traceparent_of(consumer, output, bundling, text),
				      .body = output->body,
			      });
}

/* Writes the event at `first`, and those after it that are of its type, not yet taken, and fit beside it, into the
 * scratch buffer. Returns how many; their ids, one after another, are in `ids`. */
static size_t write_bundle(struct consumer *consumer, const struct output *outputs, size_t count,
			   struct bundling *bundling)
{
	const size_t first = bundling->first;
	size_t taken = 0;

	bundling->publish_span_count = 0;
	buffer_clear(&consumer->txn.scratch);
	for (size_t i = first; i < count; i++) {
		const size_t before = consumer->txn.scratch.size, told_before = bundling->publish_span_count;

		if (bundling->taken[i] || outputs[i].type != outputs[first].type)
			continue;
		if (taken > 0)
			buffer_text(&consumer->txn.scratch, ",");
		write_event(consumer, bundling, &outputs[i]);
		if (taken > 0 && consumer->txn.scratch.size > OUTBOX_BUNDLE_BYTES) {
			consumer->txn.scratch.size = before;
			consumer->txn.scratch.bytes[before] = '\0';
			bundling->publish_span_count = told_before;
			break;
		}
		bundling->taken[i] = true;
		bundling->ids[taken++] = outputs[i].id;
	}
	return taken;
}

void write_events(struct consumer *consumer, struct outbox_batch *batch, const struct unit *unit)
{
	const struct output *outputs;
	const size_t count = unit_outputs(unit, &outputs);
	struct bundling bundling = {
		.taken = arena_new(&consumer->txn.arena, count + 1, sizeof(bool)),
		.ids = arena_new(&consumer->txn.arena, count + 1, sizeof(struct uuid)),
		.told = !tracing_on() ? NULL : arena_new(&consumer->txn.arena, count + 1, sizeof(struct publish_span))};

	for (; bundling.first < count; bundling.first++) {
		const struct output *output = &outputs[bundling.first];
		const struct message_type *type = consumer_type(consumer, output->type);

		if (bundling.taken[bundling.first])
			continue;
		const size_t events = write_bundle(consumer, outputs, count, &bundling);
		const char *ids = (const char *)bundling.ids;
		outbox_batch_add(batch,
				 &(struct outbox_row){
					 .id = events == 1 ? output->id
							   : uuid_of_text("bundle", ids, events * sizeof(struct uuid)),
					 .subject = output->subject,
					 .exchange = "events",
					 .routing_key = type->name,
					 .type = type->name,
					 .body = {consumer->txn.scratch.bytes, consumer->txn.scratch.size},
					 .events = (int64_t)events,
					 .told = bundling.told,
					 .publish_span_count = bundling.publish_span_count,
					 .created_us = output->time_us,
					 .due_us = timestamp_now() + OUTBOX_LEASE_S * SECOND_US,
				 });
	}
}

static const struct delivery *delivery_of(const struct consumer *consumer, const struct item *item)
{
	return &consumer->batch.deliveries[item->delivery];
}

/* The event's own text; of a message that could not be read, all of it. The message is read again: few come here. */
static struct span item_text(struct consumer *consumer, const struct item *item)
{
	const struct span body = delivery_of(consumer, item)->body;
	struct faults faults = {0};
	const struct json *json;
	struct buffer text;

	arena_reset(&consumer->trees);
	if (json_parse(&consumer->trees, body, &faults, &json) != OK)
		return body;
	buffer_init(&text);
	json_print(&text, json_count(json) < 0 ? json : json_item(json, (int)item->event));
	const struct span copy = {arena_copy(&consumer->txn.arena, text.bytes, text.size), text.size};
	buffer_done(&text);
	return copy;
}

static const char *type_name(const struct consumer *consumer, const struct item *item)
{
	const struct delivery *delivery = delivery_of(consumer, item);

	if (item->query.message.type >= 0 && item->fetched != E_MALFORMED)
		return consumer_type(consumer, item->query.message.type)->name;
	return delivery->type != NULL ? delivery->type : "unknown";
}

static const char *reason_text(struct consumer *consumer, const struct item *item, const struct refusal *refusal)
{
	if (refusal != NULL && refusal->detail != NULL)
		return refusal->detail;
	if (item->faults == NULL)
		return status_rule(item->query.status)->title;
	const struct fault *fault = &item->faults->items[0];
	return arena_format(&consumer->txn.arena, "%s%s%s", fault->field, *fault->field == '\0' ? "" : " ",
			    fault->message);
}

static void add_header(struct buffer *out, const char *name, const char *text)
{
	char capped[REASON_MAX + 1];

	snprintf(capped, sizeof(capped), "%s", text);
	size_t size = strlen(capped);
	if (size == REASON_MAX) { /* a character that was cut in half goes as a whole */
		while (size > 0 && (capped[size - 1] & 0xc0) == 0x80)
			size--;
		if (size > 0 && (capped[size - 1] & 0x80) != 0)
			size--;
		capped[size] = '\0';
	}
	buffer_text(out, out->size == 0 ? "{" : ",");
	json_quote(out, name);
	buffer_text(out, ":");
	json_quote(out, capped);
}

static void dead_headers(struct consumer *consumer, const struct item *item, const struct refusal *refusal,
			 struct buffer *out)
{
	const char *code =
		refusal != NULL && refusal->code != NULL ? refusal->code : status_rule(item->query.status)->code;
	char attempts[24], first[TIMESTAMP_TEXT + 1], last[TIMESTAMP_TEXT + 1], trace_id[TRACE_ID_TEXT + 1];
	const int64_t now = timestamp_now();

	snprintf(attempts, sizeof(attempts), "%lld", (long long)(item->attempts > 0 ? item->attempts : 1));
	timestamp_text(item->first_us > 0 ? item->first_us : now, first);
	timestamp_text(now, last);
	add_header(out, "x-dead-reason", reason_text(consumer, item, refusal));
	add_header(out, "x-dead-code", code);
	add_header(out, "x-dead-attempts", attempts);
	add_header(out, "x-dead-origin", consumer->config->queue);
	add_header(out, "x-dead-first", first);
	add_header(out, "x-dead-last", last);
	buffer_text(out, "}");
	metric_add(&dead_letters, status_rule(item->query.status)->code, 1);
	log_warn("event.dead_lettered", kv_uuid("message_id", item->query.message.id),
		 kv_text("type", type_name(consumer, item)), kv_text("status", code),
		 kv_text("detail", reason_text(consumer, item, refusal)),
		 kv_text("trace_id", trace_id_of(item->query.message.traceparent, trace_id)),
		 kv_uuid(item->about != NULL ? item->about : "subject", item->subject));
}

void write_dead_letter(struct consumer *consumer, struct outbox_batch *batch, const struct item *item,
		       const struct refusal *refusal)
{
	struct buffer headers;
	char key[80];

	buffer_init(&headers);
	dead_headers(consumer, item, refusal, &headers);
	snprintf(key, sizeof(key), "%s.dead", consumer->engine->service->queue_prefix);
	const int64_t now = timestamp_now();
	outbox_batch_add(batch, &(struct outbox_row){
					.id = uuid_derive("dead", &item->query.message.id, 0, now),
					.subject = item->query.message.subject,
					.exchange = "dead",
					.routing_key = key,
					.type = type_name(consumer, item),
					.headers = headers.bytes,
					.body = item_text(consumer, item),
					.created_us = now,
					.due_us = now + OUTBOX_LEASE_S * SECOND_US,
				});
	buffer_done(&headers);
}

/* When this message was first put off. */
static int64_t first_seen(const struct consumer *consumer, const struct item *item, int64_t now_us)
{
	const struct delivery *delivery = delivery_of(consumer, item);
	int64_t first = now_us;

	for (int i = 0; i < delivery->header_count; i++) {
		const struct broker_header *header = &delivery->headers[i];

		if (strcmp(header->name, "x-later-first") == 0 && header->text != NULL &&
		    timestamp_parse(header->text, strlen(header->text), &first) != OK)
			first = now_us;
	}
	return first;
}

void write_retry_later(struct consumer *consumer, struct outbox_batch *batch, const struct item *item,
		       const struct refusal *refusal)
{
	const int64_t now = timestamp_now(), first = first_seen(consumer, item, now);
	struct buffer headers;
	char text[TIMESTAMP_TEXT + 1];

	if (now - first > LATER_MAX_US) {
		write_dead_letter(consumer, batch, item, refusal);
		return;
	}
	timestamp_text(first, text);
	buffer_init(&headers);
	add_header(&headers, "x-later-first", text);
	buffer_text(&headers, "}");
	outbox_batch_add(batch, &(struct outbox_row){
					.id = uuid_derive("later", &item->query.message.id, 0, now),
					.subject = item->query.message.subject,
					.exchange = "",
					.routing_key = consumer->config->queue,
					.type = type_name(consumer, item),
					.headers = headers.bytes,
					.body = item_text(consumer, item),
					.created_us = now,
					.due_us = now + LATER_US,
				});
	buffer_done(&headers);
}

static enum status save_alone(struct consumer *consumer, struct item *item, const struct outbox_batch *batch,
			      int64_t now_us)
{
	struct dedup claim;
	struct rows rows;

	dedup_sort(consumer, &item, 1, &claim);
	db_send_text(consumer->txn.db, "BEGIN");
	inbox_dedup_send(consumer, &claim, now_us);
	outbox_insert_send(consumer->txn.db, batch, false);
	db_send_text(consumer->txn.db, "COMMIT");
	enum status status = db_sync(consumer->txn.db);
	if (status == OK)
		status = db_result(consumer->txn.db, &rows);
	if (status == OK)
		status = inbox_dedup_read(consumer, &claim);
	if (status == OK)
		status = outbox_insert_read(consumer->txn.db, batch);
	if (status == OK)
		status = db_result(consumer->txn.db, &rows);
	return status == OK ? db_synced(consumer->txn.db) : status;
}

enum status write_dead_letter_alone(struct consumer *consumer, struct item *item, const struct refusal *refusal)
{
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();
	/* A claim that is older than its dead letter's x-dead-last was made with it; a younger one is of a redrive. */
	const int64_t now = timestamp_now();

	item->query.status = E_INTERNAL;
	write_dead_letter(consumer, batch, item, refusal);
	if (db_ensure(consumer->txn.db) != OK)
		return E_UNAVAILABLE;
	if (save_alone(consumer, item, batch, now) != OK) {
		db_recover(consumer->txn.db);
		return E_UNAVAILABLE;
	}
	item->done = true;
	outbox_relay_submit(consumer->engine->relay, &batch);
	return OK;
}
