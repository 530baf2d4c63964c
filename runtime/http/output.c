/* Writing answers to clients, some of which read slowly or not at all. */
#include "http/exchange.h"

#include <errno.h>
#include <sys/socket.h>

#include "core/timestamp.h"

enum {
	/* Each piece that the client makes room for begins the timeout anew. A small answer is one packet. */
	PIECE_BYTES = 64 * 1024,
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t write_timeout_us(const struct http_config *config)
{
	return later(config->header_timeout_us, config->body_timeout_us);
}

void exchange_begin_write(struct http_exchange *exchange)
{
	exchange->write_start_us = exchange->write_progress_us = monotonic_now();
}

/* While the server stops, a client has less time. Otherwise one client that reads nothing would delay the stop. */
int64_t exchange_write_due(const struct http_exchange *exchange)
{
	const struct http_config *config = &exchange->server->config;
	const int64_t stop_us = atomic_load(&exchange->server->stop_us);
	const int64_t due_us = exchange->write_progress_us + write_timeout_us(config);
	int64_t part_us = 0, whole_us = 0;

	if (stop_us == 0)
		return due_us;
	part_us = later(stop_us, exchange->write_progress_us) + config->stop_timeout_us / 2;
	whole_us = later(stop_us, exchange->write_start_us) + config->stop_timeout_us;
	return earlier(due_us, earlier(part_us, whole_us));
}

/* ---- by civetweb, in the connection's thread ---- */

/* The guard ends the write of a piece that takes too long. */
static bool write_piece(struct http_exchange *exchange, const char *bytes, size_t size)
{
	if (monotonic_now() >= exchange_write_due(exchange))
		return false;
	connection_await_reading(exchange->server->guard, exchange->state->guarded);
	if (mg_write(exchange->civetweb, bytes, size) != (int)size)
		return false;
	exchange->write_progress_us = monotonic_now();
	return true;
}

void exchange_write(struct http_exchange *exchange, const char *bytes, size_t size)
{
	struct connection_state *state = exchange->state;

	exchange_begin_write(exchange);
	for (size_t at = 0; at < size && !state->cut; at += PIECE_BYTES)
		state->cut = !write_piece(exchange, bytes + at, size - at < PIECE_BYTES ? size - at : PIECE_BYTES);
}

/* ---- a deferred answer, by any thread ---- */

void exchange_cut(struct http_exchange *exchange)
{
	exchange->state->cut = true;
	(void)shutdown(exchange_socket(exchange), SHUT_RDWR);
}

bool exchange_write_some(struct http_exchange *exchange)
{
	const struct buffer *out = &exchange->buffers->out;
	const int fd = exchange_socket(exchange);

	while (exchange->sent < out->size) {
		const ssize_t sent =
			send(fd, out->bytes + exchange->sent, out->size - exchange->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0) {
			exchange->sent += (size_t)sent;
			exchange->write_progress_us = monotonic_now();
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return false;
		} else if (errno != EINTR) {
			exchange_cut(exchange); /* the client is gone */
			return true;
		}
	}
	return true;
}
