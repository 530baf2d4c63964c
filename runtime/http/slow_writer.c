/* One thread that polls the sockets of slow readers. They are few: every answer that fits into a socket's buffer never
 * comes here. */
#include "http/slow_writer.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "core/timestamp.h"
#include "core/wake.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

static struct metric slow = {.name = "comanda_http_slow_writes_total",
			     .help = "Answers that could not be written at once because the client read slowly",
			     .type = COUNTER};

struct slow_writer {
	int64_t patience_us;
	struct wake wake;
	pthread_mutex_t lock;
	pthread_t thread;
	bool begun, ended;
	struct http_exchange *added; /* by others; the thread takes them over */

	/* The thread's own. */
	struct http_exchange *all;
	struct pollfd *fds; /* the first is the wake's; then one for each of `all` */
	size_t count;
};

struct slow_writer *slow_writer_new(int64_t patience_us)
{
	struct slow_writer *rest = mem_new(1, sizeof(*rest));

	rest->patience_us = patience_us;
	if (wake_init(&rest->wake) != OK)
		abort(); /* as when there is no memory */
	pthread_mutex_init(&rest->lock, NULL);
	return rest;
}

/* ---- the thread ---- */

/* What others added. False: the end. */
static bool take_added(struct slow_writer *rest)
{
	struct http_exchange *added = NULL;
	bool ended = false;

	pthread_mutex_lock(&rest->lock);
	added = rest->added;
	rest->added = NULL;
	ended = rest->ended;
	pthread_mutex_unlock(&rest->lock);
	while (added != NULL) {
		struct http_exchange *next = added->next;

		added->next = rest->all;
		rest->all = added;
		added = next;
		rest->count++;
	}
	return !ended;
}

/* Until somebody takes more, or has not for too long. */
static void wait_for_readers(struct slow_writer *rest)
{
	const int64_t now_us = monotonic_now();
	int64_t wait_us = HOUR_US;
	size_t at = 1;

	rest->fds = mem_grow(rest->fds, (rest->count + 1) * sizeof(*rest->fds));
	rest->fds[0] = (struct pollfd){.fd = rest->wake.fd, .events = POLLIN};
	for (const struct http_exchange *exchange = rest->all; exchange != NULL; exchange = exchange->next) {
		const int64_t left_us = exchange->until_us > now_us ? exchange->until_us - now_us : 0;

		wait_us = left_us < wait_us ? left_us : wait_us;
		rest->fds[at++] = (struct pollfd){.fd = exchange_socket(exchange), .events = POLLOUT};
	}
	poll(rest->fds, rest->count + 1, (int)(wait_us / MS_US) + 1);
}

/* Half an answer is followed by nothing: the connection ends. */
static bool has_given_up(const struct http_exchange *exchange)
{
	if (monotonic_now() < exchange->until_us)
		return false;
	(void)shutdown(exchange_socket(exchange), SHUT_RDWR);
	return true;
}

static bool is_over(const struct slow_writer *rest, struct http_exchange *exchange, bool ready)
{
	const size_t before = exchange->sent;

	if (!ready)
		return has_given_up(exchange);
	if (exchange_send_some(exchange))
		return true;
	if (exchange->sent > before)
		exchange->until_us = monotonic_now() + rest->patience_us;
	return false;
}

/* They are in the order in which they were polled. */
static void serve_readers(struct slow_writer *rest)
{
	struct http_exchange **at = &rest->all;

	for (size_t i = 1; *at != NULL; i++) {
		struct http_exchange *exchange = *at;

		if (!is_over(rest, exchange, rest->fds[i].revents != 0)) {
			at = &exchange->next;
			continue;
		}
		*at = exchange->next;
		rest->count--;
		exchange_leave(exchange);
	}
}

static void *run(void *context)
{
	struct slow_writer *rest = context;

	log_thread("http-rest");
	while (take_added(rest)) {
		wait_for_readers(rest);
		serve_readers(rest);
		if (rest->fds[0].revents != 0)
			wake_clear(&rest->wake);
	}
	return NULL;
}

/* ---- from outside ---- */

void slow_writer_add(struct slow_writer *rest, struct http_exchange *exchange)
{
	metric_add(&slow, NULL, 1);
	exchange->until_us = monotonic_now() + rest->patience_us;
	pthread_mutex_lock(&rest->lock);
	exchange->next = rest->added;
	rest->added = exchange;
	if (!rest->begun && pthread_create(&rest->thread, NULL, run, rest) != 0)
		abort(); /* as when there is no memory */
	rest->begun = true;
	pthread_mutex_unlock(&rest->lock);
	wake_send(&rest->wake);
}

void slow_writer_free(struct slow_writer *rest)
{
	if (rest == NULL)
		return;
	pthread_mutex_lock(&rest->lock);
	rest->ended = true;
	pthread_mutex_unlock(&rest->lock);
	wake_send(&rest->wake);
	if (rest->begun)
		pthread_join(rest->thread, NULL);
	assert(rest->all == NULL && rest->added == NULL);
	free(rest->fds);
	wake_done(&rest->wake);
	pthread_mutex_destroy(&rest->lock);
	free(rest);
}
