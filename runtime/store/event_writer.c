/* Small events of one type share a row of the outbox. */
#include "store/event_writer.h"

#include <string.h>

/* What the writer works with, and what the next row gets. */
struct writing {
	struct txn *txn;
	struct item *causes;
	const struct output *outputs;
	size_t count;
	bool *written;              /* of each output */
	struct uuid *ids;           /* of the events in the row */
	struct publish_span *spans; /* of the events in the row; NULL: none are recorded */
	size_t span_count;
};

/* The span of the event's publication, if it is recorded; otherwise the trace of its cause. */
static const char *traceparent_of(struct writing *writing, const struct output *output,
				  char text[static TRACEPARENT_TEXT + 1])
{
	struct item *cause = &writing->causes[output->item];
	const struct message_type *type = txn_type(writing->txn, output->type);

	if (cause->about == NULL) {
		cause->subject = output->subject;
		cause->about = type->about;
	}
	if (writing->spans == NULL || !cause->trace.sampled)
		return cause->query.message.traceparent;
	struct publish_span *span = &writing->spans[writing->span_count++];
	*span = (struct publish_span){
		.at = trace_child(&cause->trace),
		.id = output->id,
		.subject = output->subject,
		.type = type->name,
		.about = type->about,
	};
	memcpy(span->parent, cause->trace.span, sizeof(span->parent));
	trace_text(&span->at, text);
	return text;
}

static void write_event(struct writing *writing, const struct output *output)
{
	char text[TRACEPARENT_TEXT + 1];

	cloudevent_write(&writing->txn->scratch, &(struct cloudevent){
							 .id = output->id,
							 .type = txn_type(writing->txn, output->type),
							 .source = writing->txn->service->name,
							 .subject = output->subject,
							 .sequence = output->sequence,
							 .time_us = output->time_us,
							 .cause = writing->causes[output->item].query.message.id,
							 .traceparent = traceparent_of(writing, output, text),
							 .body = output->body,
						 });
}

/* Writes the event at `first` into the scratch buffer. Adds later ones that have its type, are not written yet, and
 * fit. Returns how many; their ids are in `ids`. */
static size_t write_bundle(struct writing *writing, size_t first)
{
	struct buffer *text = &writing->txn->scratch;
	size_t written = 0;

	writing->span_count = 0;
	buffer_clear(text);
	for (size_t i = first; i < writing->count; i++) {
		const struct output *output = &writing->outputs[i];
		const size_t size_before = text->size, spans_before = writing->span_count;

		if (writing->written[i] || output->type != writing->outputs[first].type)
			continue;
		if (written > 0)
			buffer_text(text, ",");
		write_event(writing, output);
		if (written > 0 && text->size > OUTBOX_BUNDLE_BYTES) {
			text->size = size_before;
			text->bytes[size_before] = '\0';
			writing->span_count = spans_before;
			break;
		}
		writing->written[i] = true;
		writing->ids[written++] = output->id;
	}
	return written;
}

static void add_row(struct writing *writing, struct outbox_batch *batch, size_t first)
{
	const struct output *output = &writing->outputs[first];
	const struct message_type *type = txn_type(writing->txn, output->type);
	const size_t events = write_bundle(writing, first);
	const char *ids = (const char *)writing->ids;

	outbox_batch_add(batch, &(struct outbox_row){
					.id = events == 1 ? output->id
							  : uuid_of_text("bundle", ids, events * sizeof(struct uuid)),
					.subject = output->subject,
					.exchange = "events",
					.routing_key = type->name,
					.type = type->name,
					.body = {writing->txn->scratch.bytes, writing->txn->scratch.size},
					.events = (int64_t)events,
					.publish_spans = writing->spans,
					.publish_span_count = writing->span_count,
					.created_us = output->time_us,
					.due_us = timestamp_now() + OUTBOX_LEASE_S * SECOND_US,
				});
}

void write_events(struct txn *txn, struct outbox_batch *batch, const struct unit *unit, struct item *causes)
{
	struct writing writing = {.txn = txn, .causes = causes};

	writing.count = unit_outputs(unit, &writing.outputs);
	writing.written = arena_new(&txn->arena, writing.count + 1, sizeof(bool));
	writing.ids = arena_new(&txn->arena, writing.count + 1, sizeof(struct uuid));
	if (tracing_on())
		writing.spans = arena_new(&txn->arena, writing.count + 1, sizeof(struct publish_span));
	for (size_t first = 0; first < writing.count; first++)
		if (!writing.written[first])
			add_row(&writing, batch, first);
}
