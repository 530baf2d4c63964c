/* The end of a turn: replies go out, then the batch is acknowledged as a whole. */
#include <string.h>

#include "consumer/consumer.h"
#include "consumer/event_join.h"
#include "telemetry/log.h"

static enum status send_bundle(struct lane *lane, const char *reply_to)
{
	if (lane->bundle.count == 0)
		return OK;
	const struct publication publication = {
		.exchange = "",
		.routing_key = reply_to,
		.content_type = "application/json",
		.body = rpc_bundle_body(&lane->bundle),
	};
	const enum status status = broker_publish(lane->broker, &publication, NULL);
	rpc_bundle_clear(&lane->bundle);
	return status;
}

/* All answers that go to one asker, in as few messages as they fit into. */
static enum status send_replies_to(struct lane *lane, const char *reply_to, bool *sent)
{
	for (size_t i = 0; i < lane->batch.count; i++) {
		const struct item *item = &lane->batch.items[i];
		const char *to = lane->batch.deliveries[item->delivery].reply_to;

		if (sent[i] || to == NULL || strcmp(to, reply_to) != 0)
			continue;
		sent[i] = true;
		if (item->id_text == NULL)
			continue;
		if (lane->bundle.count > 0 && lane->bundle.text.size + item->answer.size > RPC_REPLY_BYTES) {
			const enum status status = send_bundle(lane, reply_to);
			if (status != OK)
				return status;
		}
		rpc_bundle_reply(&lane->bundle, item->id_text, item->answer);
	}
	return send_bundle(lane, reply_to);
}

static enum status send_replies(struct lane *lane)
{
	bool *sent = arena_new(&lane->arena, lane->batch.count + 1, sizeof(bool));

	rpc_bundle_clear(&lane->bundle);
	for (size_t i = 0; i < lane->batch.count; i++) {
		const char *to = lane->batch.deliveries[lane->batch.items[i].delivery].reply_to;

		if (sent[i] || to == NULL)
			continue;
		const enum status status = send_replies_to(lane, to, sent);
		if (status != OK && status != E_BUSY) /* blocked: the asker's deadline will tell him */
			return status;
	}
	return OK;
}

/* Everything that came in this turn is settled, and it is the oldest that we hold: one acknowledgement covers it. */
enum status answer(struct lane *lane)
{
	const struct batch *batch = &lane->batch;

	if (lane_takes_requests(lane)) {
		const enum status status = send_replies(lane);
		if (status != OK)
			return status;
	}
	if (pairs_on(lane))
		return pairs_ack(lane);
	return broker_ack(lane->broker, batch->deliveries[batch->delivery_count - 1].tag, true);
}
