/* Outbox rows of dead letters and of later retries: address, headers, body. */
#include "consumer/dead_letter.h"

#include <stdio.h>
#include <string.h>

#include "store/inbox.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define RETRY_US     (15 * SECOND_US)
#define RETRY_MAX_US (10 * MINUTE_US)

enum { REASON_MAX = 900 }; /* header text is capped at 1 kB */

static struct metric dead_letters = {.name = "comanda_dead_letters_total",
				     .help = "Events that became dead letters, by status",
				     .type = COUNTER,
				     .label = "status"};

static const struct delivery *delivery_of(const struct consumer *consumer, const struct item *item)
{
	return &consumer->batch.deliveries[item->delivery];
}

/* The JSON of the event, or the whole message if it is not JSON. The message is parsed again, because dead letters are
 * rare. */
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
		return txn_type(&consumer->txn, item->query.message.type)->name;
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
	if (size == REASON_MAX) { /* a character that was cut in half is dropped */
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
	snprintf(key, sizeof(key), "%s.dead", consumer->txn.service->queue_prefix);
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

/* When the first retry of this message was written. */
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

	if (now - first > RETRY_MAX_US) {
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
					.due_us = now + RETRY_US,
				});
	buffer_done(&headers);
}

static enum status save_alone(struct consumer *consumer, struct item *item, const struct outbox_batch *batch,
			      int64_t now_us)
{
	struct txn *txn = &consumer->txn;
	struct dedup dedup;

	dedup_init(&dedup, txn, &item, 1);
	db_send_text(txn->db, "BEGIN");
	inbox_check(&dedup, now_us);
	outbox_insert(txn->db, batch, false);
	db_send_text(txn->db, "COMMIT");
	return db_sync(txn->db);
}

enum status write_dead_letter_alone(struct consumer *consumer, struct item *item, const struct refusal *refusal)
{
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();
	/* The inbox row must be older than x-dead-last. `comanda dead` takes a newer row for the row of a redrive. */
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
	outbox_relay_submit(consumer->group->relay, &batch);
	return OK;
}
