/* A call's span. It is below the client's span if the client sends one. Otherwise it begins a trace whose id is the
 * call's id. */
#include "edge/call.h"

#include <stdio.h>
#include <string.h>

void call_trace_begin(struct call *call)
{
	const char *given = http_header(call->request, "traceparent");
	char text[TRACEPARENT_TEXT + 1];
	struct trace from;

	if (!trace_parse(given, &from)) {
		call->trace = trace_root(call->id.bytes);
	} else if (!tracing_on() || !from.sampled) {
		call->trace = from;
		call->trace.sampled = false; /* the header is passed on unchanged */
		call->traceparent = given;
		return;
	} else {
		call->trace = trace_child(&from);
		memcpy(call->parent, from.span, sizeof(call->parent));
	}
	trace_text(&call->trace, text);
	call->traceparent = arena_text(call->arena, text);
}

void call_trace_end(const struct call *call)
{
	const struct route *route = call->route;
	struct trace_span span = {.at = call->trace, .kind = SPAN_SERVER, .start_us = call->start_us};

	if (!tracing_on() || !call->trace.sampled)
		return;
	memcpy(span.parent, call->parent, sizeof(span.parent));
	if (route != NULL) {
		snprintf(span.name, sizeof(span.name), "%s %s", route->method, route->path);
		span_attribute(&span, "http.request.method", route->method);
		span_attribute(&span, "http.route", route->path);
	} else {
		snprintf(span.name, sizeof(span.name), "HTTP");
	}
	span_count(&span, "http.response.status_code", call->response->status);
	span.error = call->response->status >= 500 ? "server_error" : NULL;
	span_end(&span);
}
