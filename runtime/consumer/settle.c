/* The end of a batch: replies are sent, then the batch is acknowledged as a whole. */
#include <string.h>

#include "consumer/consumer.h"
#include "consumer/event_join.h"
#include "telemetry/log.h"

static enum status send_bundle(struct consumer *consumer, const char *reply_to)
{
	if (consumer->bundle.count == 0)
		return OK;
	const struct publication publication = {
		.exchange = "",
		.routing_key = reply_to,
		.content_type = "application/json",
		.body = rpc_bundle_body(&consumer->bundle),
	};
	const enum status status = broker_publish(consumer->broker, &publication, NULL);
	rpc_bundle_clear(&consumer->bundle);
	return status;
}

/* Sends all replies to one caller, in as few messages as possible. */
static enum status send_replies_to(struct consumer *consumer, const char *reply_to, bool *sent)
{
	for (size_t i = 0; i < consumer->batch.count; i++) {
		const struct item *item = &consumer->batch.items[i];
		const char *to = consumer->batch.deliveries[item->delivery].reply_to;

		if (sent[i] || to == NULL || strcmp(to, reply_to) != 0)
			continue;
		sent[i] = true;
		if (item->id_text == NULL)
			continue;
		if (consumer->bundle.count > 0 && consumer->bundle.text.size + item->answer.size > RPC_REPLY_BYTES) {
			const enum status status = send_bundle(consumer, reply_to);
			if (status != OK)
				return status;
		}
		rpc_bundle_reply(&consumer->bundle, item->id_text, item->answer);
	}
	return send_bundle(consumer, reply_to);
}

static enum status send_replies(struct consumer *consumer)
{
	bool *sent = arena_new(&consumer->txn.arena, consumer->batch.count + 1, sizeof(bool));

	rpc_bundle_clear(&consumer->bundle);
	for (size_t i = 0; i < consumer->batch.count; i++) {
		const char *to = consumer->batch.deliveries[consumer->batch.items[i].delivery].reply_to;

		if (sent[i] || to == NULL)
			continue;
		const enum status status = send_replies_to(consumer, to, sent);
		if (status != OK && status != E_BUSY) /* blocked: the caller's deadline ends its wait */
			return status;
	}
	return OK;
}

/* The consumer holds no older delivery. So one acknowledgement covers the batch. */
static enum status ack(struct consumer *consumer)
{
	const struct batch *batch = &consumer->batch;

	return broker_ack(consumer->broker, batch->deliveries[batch->delivery_count - 1].tag, true);
}

enum status settle_requests(struct consumer *consumer)
{
	const enum status status = send_replies(consumer);

	return status == OK ? ack(consumer) : status;
}

enum status settle_events(struct consumer *consumer)
{
	return event_join_enabled(consumer) ? event_join_ack(consumer) : ack(consumer);
}
