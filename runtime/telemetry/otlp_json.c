/* An ExportTraceServiceRequest as JSON: ids in hexadecimal, times in nanoseconds as text (OTLP specification, "JSON
 * Protobuf Encoding"; opentelemetry-proto, trace.proto). */
#include "telemetry/otlp.h"

#include <string.h>

#include "json/json.h"

static void put_hex(struct buffer *out, const char *name, const uint8_t *bytes, size_t count)
{
	buffer_format(out, "\"%s\":\"", name);
	for (size_t i = 0; i < count; i++)
		buffer_format(out, "%02x", bytes[i]);
	buffer_text(out, "\"");
}

static void put_text(struct buffer *out, const char **before, const char *name, const char *text)
{
	buffer_format(out, "%s{\"key\":\"%s\",\"value\":{\"stringValue\":", *before, name);
	json_quote(out, text);
	buffer_text(out, "}}");
	*before = ",";
}

static void put_number(struct buffer *out, const char **before, const char *name, int64_t number)
{
	buffer_format(out, "%s{\"key\":\"%s\",\"value\":{\"intValue\":\"%lld\"}}", *before, name, (long long)number);
	*before = ",";
}

static void put_id(struct buffer *out, const char **before, const char *name, const struct uuid *id)
{
	char text[UUID_TEXT + 1];

	if (uuid_is_nil(id))
		return;
	uuid_text(id, text);
	put_text(out, before, name, text);
}

static void put_attributes(struct buffer *out, const struct trace_span *span)
{
	const char *before = "";

	buffer_text(out, ",\"attributes\":[");
	for (size_t i = 0; i < SPAN_ATTRIBUTES && span->attributes[i].name != NULL; i++) {
		const struct span_attribute *attribute = &span->attributes[i];

		if (attribute->text != NULL)
			put_text(out, &before, attribute->name, attribute->text);
		else
			put_number(out, &before, attribute->name, attribute->number);
	}
	put_id(out, &before, "messaging.message.id", &span->message_id);
	if (span->about != NULL) {
		char name[64] = "comanda.";

		strncat(name, span->about, sizeof(name) - sizeof("comanda."));
		put_id(out, &before, name, &span->subject);
	}
	if (span->error != NULL)
		put_text(out, &before, "error.type", span->error);
	buffer_text(out, "]");
}

static void put_links(struct buffer *out, const struct trace_span *span)
{
	if (span->link_count == 0)
		return;
	buffer_text(out, ",\"links\":[");
	for (size_t i = 0; i < span->link_count; i++) {
		buffer_text(out, i == 0 ? "{" : ",{");
		put_hex(out, "traceId", span->links[i].id, sizeof(span->links[i].id));
		buffer_text(out, ",");
		put_hex(out, "spanId", span->links[i].span, sizeof(span->links[i].span));
		buffer_text(out, "}");
	}
	buffer_format(out, "],\"droppedLinksCount\":%zu", span->links_dropped);
}

static void put_span(struct buffer *out, const struct trace_span *span)
{
	static const uint8_t no_parent[sizeof(span->parent)];

	buffer_text(out, "{");
	put_hex(out, "traceId", span->at.id, sizeof(span->at.id));
	buffer_text(out, ",");
	put_hex(out, "spanId", span->at.span, sizeof(span->at.span));
	if (memcmp(span->parent, no_parent, sizeof(no_parent)) != 0) {
		buffer_text(out, ",");
		put_hex(out, "parentSpanId", span->parent, sizeof(span->parent));
	}
	buffer_text(out, ",\"name\":");
	json_quote(out, span->name);
	buffer_format(out, ",\"kind\":%d,\"startTimeUnixNano\":\"%lld000\",\"endTimeUnixNano\":\"%lld000\"",
		      (int)span->kind, (long long)span->start_us, (long long)span->end_us);
	put_attributes(out, span);
	put_links(out, span);
	if (span->error != NULL)
		buffer_text(out, ",\"status\":{\"code\":2}");
	buffer_text(out, "}");
}

void otlp_write(struct buffer *out, const char *program, const struct trace_span *spans, size_t count)
{
	const char *before = "";

	buffer_text(out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
	put_text(out, &before, "service.namespace", "comanda");
	put_text(out, &before, "service.name", program);
	put_text(out, &before, "service.version", COMANDA_VERSION);
	buffer_text(out, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"comanda\"},\"spans\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_text(out, ",");
		put_span(out, &spans[i]);
	}
	buffer_text(out, "]}]}]}");
}
