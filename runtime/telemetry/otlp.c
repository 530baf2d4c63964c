/* The exporter's thread. */
#include "telemetry/otlp.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "config/url.h"
#include "core/backoff.h"
#include "core/timestamp.h"
#include "telemetry/log.h"

enum { BATCH = 512 };

#define POLL_US          (100 * MS_US)
#define WAIT_US          (2 * SECOND_US)
#define FIRST_PAUSE_US   (1 * SECOND_US)
#define LONGEST_PAUSE_US (30 * SECOND_US)

/* At most one per process. */
static struct exporter {
	pthread_t thread;
	atomic_bool running, stopping;
	const char *program;
	struct otlp_target target;
	struct trace_span *spans;
	struct buffer body;
	struct backoff backoff;
} exporter = {.backoff = {.first_us = FIRST_PAUSE_US, .longest_us = LONGEST_PAUSE_US}};

static enum status read_url(const char *url, struct otlp_target *ret_target)
{
	struct arena arena;
	struct url read;

	arena_init(&arena);
	enum status status = url_parse(url, &arena, &read);
	if (status == OK && (strcmp(read.scheme, "http") != 0 || read.host[0] == '\0'))
		status = E_INVALID;
	if (status == OK) {
		const bool bare = read.path[0] == '\0';

		ret_target->host = mem_text(read.host);
		ret_target->path = mem_text(arena_format(&arena, "%s%s/v1/traces", bare ? "" : "/", read.path));
		ret_target->port = read.port == 0 ? 4318 : read.port; /* OTLP/HTTP's own */
	}
	arena_done(&arena);
	return status;
}

static void free_target(struct otlp_target *target)
{
	free(target->host);
	free(target->path);
}

bool otlp_url_is_valid(const char *url)
{
	struct otlp_target target;

	if (*url == '\0')
		return true;
	if (read_url(url, &target) != OK)
		return false;
	free_target(&target);
	return true;
}

static void post_failed(struct exporter *own, size_t count)
{
	if (!backoff_is_failing(&own->backoff))
		log_warn("collector.unavailable", kv_text("host", own->target.host),
			 kv_text("detail", "the collector of COMANDA_OTLP_URL does not accept spans; they are dropped "
					   "until it does"));
	tracing_count("dropped", (int64_t)count);
	backoff_failed(&own->backoff, monotonic_now());
}

static void post_succeeded(struct exporter *own, size_t count)
{
	if (backoff_is_failing(&own->backoff))
		log_info("collector.available", kv_text("host", own->target.host));
	tracing_count("exported", (int64_t)count);
	backoff_connected(&own->backoff, monotonic_now());
}

/* Posts one batch of queued spans. False: the queue is empty, or the post failed. */
static bool post_some(struct exporter *own)
{
	const size_t count = span_take(own->spans, BATCH);

	if (count == 0)
		return false;
	buffer_clear(&own->body);
	otlp_write(&own->body, own->program, own->spans, count);
	for (size_t i = 0; i < count; i++)
		free(own->spans[i].links);
	const bool taken = otlp_post(&own->target, (struct span){own->body.bytes, own->body.size}, WAIT_US);
	if (taken)
		post_succeeded(own, count);
	else
		post_failed(own, count);
	return taken;
}

static void sleep_briefly(void)
{
	const struct timespec time = {.tv_nsec = POLL_US * 1000};

	(void)nanosleep(&time, NULL);
}

static void *run(void *context)
{
	struct exporter *own = context;

	log_thread("traces");
	while (!atomic_load(&own->stopping)) {
		if (!backoff_is_due(&own->backoff, monotonic_now()))
			sleep_briefly();
		else if (!post_some(own))
			sleep_briefly();
	}
	if (!backoff_is_failing(&own->backoff))
		while (post_some(own)) {
		}
	return NULL;
}

void otlp_start(const char *url, const char *program)
{
	if (*url == '\0' || read_url(url, &exporter.target) != OK)
		return;
	exporter.program = program;
	exporter.spans = mem_new(BATCH, sizeof(*exporter.spans));
	buffer_init(&exporter.body);
	tracing_start();
	if (pthread_create(&exporter.thread, NULL, run, &exporter) == 0)
		atomic_store(&exporter.running, true);
	else
		log_error("collector.failed",
			  kv_text("detail", "cannot start the exporter's thread; spans are dropped"));
}

void otlp_stop(void)
{
	struct trace_span left;

	if (!atomic_load(&exporter.running))
		return;
	atomic_store(&exporter.stopping, true);
	pthread_join(exporter.thread, NULL);
	atomic_store(&exporter.running, false);
	while (span_take(&left, 1) > 0) { /* so that the leak checker finds none */
		free(left.links);
		tracing_count("dropped", 1);
	}
	free_target(&exporter.target);
	free(exporter.spans);
	buffer_done(&exporter.body);
}
