/* Publishes with a bounded number of unconfirmed messages. */
#include "ctl/lib/requeue.h"

#include "ctl/cli/terminal.h"
#include "rpc/cloudevent.h"

#define CONFIRM_US (30 * SECOND_US)

enum { WINDOW = 500 };

static enum status send(struct broker *broker, struct requeue_message *message)
{
	char id[UUID_TEXT + 1], correlation[UUID_TEXT + 1];

	uuid_text(&message->id, id);
	uuid_text(&message->correlation, correlation);
	return broker_publish(broker,
			      &(struct publication){
				      .exchange = "",
				      .routing_key = message->queue,
				      .content_type = message->batch ? CLOUDEVENT_BATCH_TYPE : CLOUDEVENT_TYPE,
				      .type = message->type,
				      .message_id = uuid_is_nil(&message->id) ? NULL : id,
				      .correlation_id = uuid_is_nil(&message->correlation) ? NULL : correlation,
				      .body = message->body,
				      .persistent = true,
				      .mandatory = true,
				      .time_us = timestamp_now(),
			      },
			      &message->sequence);
}

/* Stores the results that have arrived for the first `sent` messages. Returns how many. */
static size_t take_results(struct broker *broker, struct requeue_message *messages, size_t sent)
{
	struct confirm confirms[64];
	size_t settled = 0, count;

	while ((count = broker_confirms(broker, confirms, 64)) > 0)
		for (size_t i = 0; i < count; i++)
			for (size_t m = sent; m-- > 0;)
				if (messages[m].sequence == confirms[i].sequence &&
				    messages[m].result == REQUEUE_PENDING) {
					messages[m].result = confirms[i].kind == CONFIRM_ACK        ? REQUEUE_CONFIRMED
							     : confirms[i].kind == CONFIRM_RETURNED ? REQUEUE_UNROUTABLE
												    : REQUEUE_REFUSED;
					settled++;
					break;
				}
	return settled;
}

static bool all_in(const struct requeue_message *messages, size_t count)
{
	size_t nowhere = 0, refused = 0;
	const char *queue = "";

	for (size_t i = 0; i < count; i++) {
		nowhere += messages[i].result == REQUEUE_UNROUTABLE;
		refused += messages[i].result == REQUEUE_REFUSED;
		if (messages[i].result == REQUEUE_UNROUTABLE)
			queue = messages[i].queue;
	}
	if (nowhere > 0)
		print_error("there is no queue %s: %zu messages were not sent; comanda topology apply makes it", queue,
			    nowhere);
	if (refused > 0)
		print_error("the broker refused %zu messages: is a queue full? they were not sent", refused);
	return nowhere + refused == 0;
}

bool requeue(struct broker *broker, struct requeue_message *messages, size_t count, const char *what)
{
	size_t sent = 0, settled = 0;
	int64_t until = monotonic_now() + CONFIRM_US;
	enum status status = OK;

	while (settled < count && status == OK) {
		if (sent < count && sent - settled < WINDOW)
			status = send(broker, &messages[sent++]);
		else
			status = broker_tick(broker, 100 * MS_US);
		const size_t more = take_results(broker, messages, sent);
		settled += more;
		if (more > 0)
			until = monotonic_now() + CONFIRM_US;
		if (status == OK && monotonic_now() > until)
			status = E_TIMEOUT;
		progress(what, (int64_t)settled, (int64_t)count);
	}
	progress_end();
	if (status == OK)
		return all_in(messages, count);
	print_error("%s after %zu of %zu messages: %s",
		    status == E_BUSY ? "the broker accepts no messages now (an alarm)"
				     : "the connection to the broker was lost",
		    settled, count, broker_detail(broker));
	return false;
}
