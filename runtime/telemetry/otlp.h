/* Spans to a collector, as OTLP over HTTP in JSON (opentelemetry.io, "OTLP Specification"): a thread of its own takes
 * what waits and posts it. A collector that is away costs what waits then, and nothing else: the thread tries again
 * later, and meanwhile the queue drops what it cannot hold. */
#ifndef TELEMETRY_OTLP_H
#define TELEMETRY_OTLP_H

#include "core/memory.h"
#include "telemetry/span.h"

/* Is it "http://host:port", perhaps with a path before /v1/traces? (TLS is for a collector beside the program to add.)
 */
bool otlp_url_fits(const char *url);
/* Starts recording and exporting, for the program of this name. `url` empty: does nothing. */
void otlp_start(const char *url, const char *program);
/* Exports what still waits, if the collector takes it at once, and ends the thread. */
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
