/* One thread that polls the sockets of slow clients. They are few: an answer that fits into the socket's buffer is
 * written at once. */
#include "http/slow_writer.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "core/timestamp.h"
#include "core/wake.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

static struct metric slow_writes = {.name = "comanda_http_slow_writes_total",
				    .help = "Answers that could not be written at once because the client read slowly",
				    .type = COUNTER};

struct slow_writer {
	struct wake wake;
	pthread_mutex_t lock;
	pthread_t thread;
	bool started, stopping;
	struct http_exchange *added; /* by other threads; the writer's thread moves them to `exchanges` */

	/* Used only by the writer's thread. */
	struct http_exchange *exchanges;
	struct pollfd *fds; /* the first is the wake's; one per exchange follows, in the order of the list */
	size_t count;
};

struct slow_writer *slow_writer_new(void)
{
	struct slow_writer *writer = mem_new(1, sizeof(*writer));

	if (wake_init(&writer->wake) != OK)
		abort(); /* as when there is no memory */
	pthread_mutex_init(&writer->lock, NULL);
	return writer;
}

/* ---- the thread ---- */

/* Moves the added exchanges to the list. False: the writer stops. */
static bool take_added(struct slow_writer *writer)
{
	struct http_exchange *added = NULL;
	bool stopping = false;

	pthread_mutex_lock(&writer->lock);
	added = writer->added;
	writer->added = NULL;
	stopping = writer->stopping;
	pthread_mutex_unlock(&writer->lock);
	while (added != NULL) {
		struct http_exchange *next = added->next;

		added->next = writer->exchanges;
		writer->exchanges = added;
		added = next;
		writer->count++;
	}
	return !stopping;
}

/* Waits until a client can be written to, or the first timeout. */
static void poll_clients(struct slow_writer *writer)
{
	const int64_t now_us = monotonic_now();
	int64_t wait_us = HOUR_US;
	size_t at = 1;

	writer->fds = mem_grow(writer->fds, (writer->count + 1) * sizeof(*writer->fds));
	writer->fds[0] = (struct pollfd){.fd = writer->wake.fd, .events = POLLIN};
	for (const struct http_exchange *exchange = writer->exchanges; exchange != NULL; exchange = exchange->next) {
		const int64_t due_us = exchange_write_due(exchange), left_us = due_us > now_us ? due_us - now_us : 0;

		wait_us = left_us < wait_us ? left_us : wait_us;
		writer->fds[at++] = (struct pollfd){.fd = exchange_socket(exchange), .events = POLLOUT};
	}
	poll(writer->fds, writer->count + 1, (int)(wait_us / MS_US) + 1);
}

/* Nothing may follow an answer that was written in part, so the connection is closed. */
static bool cut_if_timed_out(struct http_exchange *exchange)
{
	if (monotonic_now() < exchange_write_due(exchange))
		return false;
	exchange_cut(exchange);
	return true;
}

/* The list is in the order of `fds`. */
static void write_to_clients(struct slow_writer *writer)
{
	struct http_exchange **at = &writer->exchanges;

	for (size_t i = 1; *at != NULL; i++) {
		struct http_exchange *exchange = *at;

		if (!(writer->fds[i].revents != 0 && exchange_write_some(exchange)) && !cut_if_timed_out(exchange)) {
			at = &exchange->next;
			continue;
		}
		*at = exchange->next;
		writer->count--;
		exchange_finish(exchange);
	}
}

static void *run(void *context)
{
	struct slow_writer *writer = context;

	log_thread("http-slow-writer");
	while (take_added(writer)) {
		poll_clients(writer);
		write_to_clients(writer);
		if (writer->fds[0].revents != 0)
			wake_clear(&writer->wake);
	}
	return NULL;
}

/* ---- calls from other threads ---- */

void slow_writer_add(struct slow_writer *writer, struct http_exchange *exchange)
{
	metric_add(&slow_writes, NULL, 1);
	pthread_mutex_lock(&writer->lock);
	exchange->next = writer->added;
	writer->added = exchange;
	if (!writer->started && pthread_create(&writer->thread, NULL, run, writer) != 0)
		abort(); /* as when there is no memory */
	writer->started = true;
	pthread_mutex_unlock(&writer->lock);
	wake_send(&writer->wake);
}

void slow_writer_recheck(struct slow_writer *writer)
{
	wake_send(&writer->wake);
}

void slow_writer_free(struct slow_writer *writer)
{
	if (writer == NULL)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	pthread_mutex_unlock(&writer->lock);
	wake_send(&writer->wake);
	if (writer->started)
		pthread_join(writer->thread, NULL);
	assert(writer->exchanges == NULL && writer->added == NULL);
	free(writer->fds);
	wake_done(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
