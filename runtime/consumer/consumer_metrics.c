/* The span of a message lasts from its fetch to its acknowledgement, like that of its whole batch. */
#include "consumer/consumer_metrics.h"

#include <stdio.h>
#include <string.h>

#include "telemetry/log.h"
#include "telemetry/metrics.h"

static struct metric queue_wait = {.name = "comanda_queue_wait_seconds",
				   .help = "Time from the sending of a message until a consumer received it",
				   .type = HISTOGRAM,
				   .label = "consumer"};
static struct metric handled = {.name = "comanda_messages_total",
				.help = "Messages handled, by type and status",
				.type = COUNTER,
				.label = "type",
				.second = "status"};
static struct metric handling = {.name = "comanda_message_duration_seconds",
				 .help = "Time from the delivery of a message to its acknowledgement, by type",
				 .type = HISTOGRAM,
				 .label = "type"};

static bool known(const struct consumer *consumer, const struct item *item)
{
	const int type = item->query.message.type;

	return item->fetched != E_MALFORMED && type >= 0 && type < consumer->txn.service->contract->count;
}

static const char *name_of(const struct consumer *consumer, const struct item *item)
{
	return known(consumer, item) ? txn_type(&consumer->txn, item->query.message.type)->name : "unknown";
}

/* ---- fetched ---- */

/* A request without a trace starts none. An event or a timer without one starts a trace. */
static void place_in_trace(struct consumer *consumer, struct item *item)
{
	const struct message *message = &item->query.message;
	struct trace from;

	if (trace_parse(message->traceparent, &from)) {
		item->trace = from;
		if (!from.sampled)
			return;
		memcpy(item->parent, from.span, sizeof(item->parent));
		item->trace = trace_child(&from);
	} else if (!consumer->ops->takes_requests) {
		item->trace = trace_root(message->id.bytes);
	}
}

void consumer_metrics_fetched(struct consumer *consumer)
{
	struct batch *batch = &consumer->batch;

	batch->fetched_us = timestamp_now();
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[i];
		const int64_t waited = batch->fetched_us - item->query.message.time_us;

		if (item->query.message.time_us > 0)
			metric_observe(&queue_wait, consumer->config->name, waited > 0 ? waited : 0);
		if (known(consumer, item)) {
			item->subject = item->query.message.subject;
			item->about = txn_type(&consumer->txn, item->query.message.type)->about;
		}
		if (tracing_on())
			place_in_trace(consumer, item);
	}
}

/* ---- the batch ---- */

static size_t count_sampled(const struct batch *batch, const struct item **ret_first)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++) {
		if (!batch->items[i].trace.sampled)
			continue;
		if (count++ == 0)
			*ret_first = &batch->items[i];
	}
	return count;
}

static void link_all(const struct batch *batch, size_t sampled, struct trace_span *span)
{
	const size_t room = sampled < SPAN_LINKS ? sampled : SPAN_LINKS;

	span->links = mem_new(room, sizeof(*span->links));
	span->links_dropped = sampled - room;
	for (size_t i = 0; i < batch->count && span->link_count < room; i++)
		if (batch->items[i].trace.sampled)
			span->links[span->link_count++] = batch->items[i].trace;
}

void consumer_metrics_batch_begin(struct consumer *consumer)
{
	const struct batch *batch = &consumer->batch;
	const struct item *first = NULL;
	char name[SPAN_NAME + 1];

	const size_t sampled = tracing_on() ? count_sampled(batch, &first) : 0;
	if (sampled == 0)
		return;
	snprintf(name, sizeof(name), "batch %s", consumer->config->queue);
	span_begin(&consumer->span, SPAN_INTERNAL, name, sampled == 1 ? &first->trace : NULL);
	span_attribute(&consumer->span, "comanda.consumer", consumer->config->name); /* its own name ends with it */
	span_count(&consumer->span, "messaging.batch.message_count", (int64_t)batch->count);
	if (sampled > 1)
		link_all(batch, sampled, &consumer->span);
	tracing_set_current(&consumer->span.at);
}

void consumer_metrics_batch_end(struct consumer *consumer, bool settled)
{
	if (tracing_current() == NULL)
		return;
	tracing_set_current(NULL);
	if (!settled)
		consumer->span.error = status_rule(E_UNAVAILABLE)->code;
	span_end(&consumer->span);
}

/* ---- settled ---- */

static bool at_fault(enum status status)
{
	return status_rule(status)->http >= 500;
}

static void end_span(struct consumer *consumer, const struct item *item, int64_t now_us)
{
	const bool is_request = consumer->ops->takes_requests;
	struct trace_span span = {.at = item->trace,
				  .kind = is_request ? SPAN_SERVER : SPAN_CONSUMER,
				  .start_us = consumer->batch.fetched_us,
				  .end_us = now_us,
				  .message_id = item->query.message.id,
				  .subject = item->subject,
				  .about = item->about,
				  .error = at_fault(item->query.status) ? status_rule(item->query.status)->code : NULL};

	memcpy(span.parent, item->parent, sizeof(span.parent));
	snprintf(span.name, sizeof(span.name), "%s%s", is_request ? "" : "process ", name_of(consumer, item));
	span_attribute(&span, "messaging.system", "rabbitmq");
	span_attribute(&span, "messaging.operation.type", "process");
	span_attribute(&span, "messaging.destination.name", consumer->config->queue);
	span_attribute(&span, "comanda.status", status_rule(item->query.status)->code);
	span_queue(&span);
}

/* The table of statuses has the log level of an event's outcome. A dead letter has been logged already. The outcome of
 * a request goes to its caller and is counted. Only an error of this service is logged above debug. */
static enum log_level level_of(const struct consumer *consumer, const struct item *item)
{
	const struct status_rule *rule = status_rule(item->query.status);

	if (consumer->ops->takes_requests ? rule->log_level != LOG_ERROR : rule->settle == SETTLE_DEAD_LETTER)
		return LOG_DEBUG;
	return rule->log_level;
}

static void log_handled(const struct consumer *consumer, const struct item *item, enum log_level level, int64_t took_us)
{
	const struct message *message = &item->query.message;
	char trace_id[TRACE_ID_TEXT + 1];

	log_line(level, "message.handled",
		 log_pairs(kv_text("type", name_of(consumer, item)), kv_uuid("message_id", message->id),
			   kv_text("status", status_rule(item->query.status)->code), kv_int("took_us", took_us),
			   kv_text("trace_id", trace_id_of(message->traceparent, trace_id)),
			   kv_uuid(item->about != NULL ? item->about : "subject", item->subject)));
}

void consumer_metrics_settled(struct consumer *consumer)
{
	const struct batch *batch = &consumer->batch;
	const int64_t now = timestamp_now(), took = now - batch->fetched_us;

	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[i];
		const char *type = name_of(consumer, item);
		const enum log_level level = level_of(consumer, item);

		metric_add_pair(&handled, (struct labels){type, status_rule(item->query.status)->code}, 1);
		metric_observe(&handling, type, took > 0 ? took : 0);
		if (item->trace.sampled && tracing_on())
			end_span(consumer, item, now);
		if (level >= log_level_get())
			log_handled(consumer, item, level, took);
	}
}
