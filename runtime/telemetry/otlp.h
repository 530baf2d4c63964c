/* Exports spans to a collector, as OTLP over HTTP in JSON (opentelemetry.io, "OTLP Specification"). A thread of its own
 * takes spans from the queue and posts them. If a post fails, its spans are dropped and the thread tries again later.
 * Meanwhile the queue drops the spans that it cannot hold. */
#ifndef TELEMETRY_OTLP_H
#define TELEMETRY_OTLP_H

#include "core/memory.h"
#include "telemetry/span.h"

/* Whether the URL is "http://host:port", possibly with a path that goes before /v1/traces, or empty. TLS is left to a
 * collector on the same machine. */
bool otlp_url_is_valid(const char *url);
/* Starts recording and exporting under the name of the program. An empty `url`: does nothing. */
void otlp_start(const char *url, const char *program);
/* Exports the queued spans, unless the collector refuses them, and ends the thread. */
void otlp_stop(void);

/* One export request. (otlp_json.c) */
void otlp_write(struct buffer *out, const char *program, const struct trace_span *spans, size_t count);

/* Posts a body; true where the answer is 2xx. Every wait is bounded by `wait_us`. (otlp_post.c) */
struct otlp_target {
	char *host, *path;
	int port;
};
bool otlp_post(const struct otlp_target *target, struct span body, int64_t wait_us);

#endif
